"""The page of limits names code and tests that are there, and its settings are good."""

import re
from pathlib import Path

from config.load import parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")


def test_every_line_of_the_checklist_leads_to_code_and_a_test_that_are_there():
    rows = [line.split("|") for line in PAGE.splitlines() if re.match(r"\| [A-E]\d", line)]
    assert len(rows) > 25
    for _, line, _, code, shown, _ in rows:
        for path in re.findall(r"`([^`]+)`", code) + re.findall(r"`([^`]+)`", shown):
            assert path.startswith("make ") or (ROOT / path).exists(), f"{line.strip()}: {path}"
        assert "`tests/" in shown, line


def test_the_settings_on_the_page_are_read():
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    settings = parse(text, file="page").settings
    assert settings.risk.controls is not None
    assert settings.risk.controls.limits["group:majors"].max_net_notional == 20_000
