"""The page of rules: its settings, its file and its function are read as they stand."""

from pathlib import Path

import msgspec

from config.load import load
from config.rule_functions import MAY_IMPORT, load_functions
from risk.rule_settings import RuleSettings, Target, When
from risk.rules import MarketView, Pass
from tests.docs.markdown import document

PAGE = document("docs/rules.md")


def block(language: str) -> str:
    return next(each.text for each in PAGE.blocks if each.language == language)


def test_the_rules_of_the_page_are_read_wherever_they_are_written(tmp_path: Path):
    head, _, rules = block("toml").partition("[[risk.rules.rule]]")
    (tmp_path / "rules.toml").write_text("[[rule]]" + rules.replace("[[risk.rules.rule]]", "[[rule]]"))
    (tmp_path / "rules.json").write_text(block("json"))
    (tmp_path / "desk.py").write_text(block("python"))
    (tmp_path / "inline.toml").write_text(block("toml"))
    inline = load(tmp_path / "inline.toml", {}).settings.risk.rules
    assert inline is not None
    read: dict[str, RuleSettings] = {}
    for kind in ("toml", "json"):
        table = f'[risk.rules]\nfile = "rules.{kind}"\nfunctions = ["desk.py:half_on_fridays"]\n'
        (tmp_path / "settings.toml").write_text(head + table)
        rules_read = load(tmp_path / "settings.toml", {}).settings.risk.rules
        assert rules_read is not None
        read[kind] = rules_read
    assert read["toml"].rule == inline.rule
    assert [each.name for each in inline.rule] == ["whales", "quiet-hours", "enough-for-today"]
    assert msgspec.structs.replace(inline.rule[0], message="") == read["json"].rule[0]
    (function,) = load_functions(read["toml"])
    thursday = MarketView(bid=1, bid_quantity=1, ask=2, ask_quantity=1, last=1, depth=0, age_ns=0, now_ns=0)
    assert function.ask(None, thursday, None) == Pass()  # type: ignore[arg-type]


def test_every_condition_and_target_is_on_the_page():
    for name in (*When.__struct_fields__, *Target.__struct_fields__):
        assert f"`{name}`" in PAGE.text, name
    assert "risk.rules" in MAY_IMPORT
