"""Each table of settings is told whole on the page where a user looks for it, with the defaults that hold."""

import re
from typing import get_args

import msgspec
import pytest

from config.audit_settings import AuditSettings
from config.guard_settings import GuardSettings
from config.settings import OperatorSettings
from risk.breaker_settings import KINDS, BreakerSettings
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import InstrumentRisk, RiskLimits
from risk.rule_settings import RuleSettings
from tests.docs.markdown import document

ROWS = {get_args(field.type)[0] for field in msgspec.structs.fields(BreakerSettings) if field.name in KINDS}
PAGES = {
    "docs/controls.md": (RiskLimits, InstrumentRisk, ScopeLimits, ControlSettings),
    "docs/breakers.md": (BreakerSettings, *sorted(ROWS, key=str)),
    "docs/rules.md": (RuleSettings,),
    "docs/guard.md": (GuardSettings,),
    "docs/audit.md": (AuditSettings,),
    "docs/operator.md": (OperatorSettings,),
}
NOT_WRITTEN = frozenset(("sources",))  # by hand: what was read


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_every_setting_of_its_tables(page):
    text = document(page).text
    names = {name for table in PAGES[page] for name in table.__struct_fields__} - NOT_WRITTEN
    assert not sorted(name for name in names if not re.search(rf"\b{name}\b", text))


def test_the_limits_of_every_order_are_shown_with_their_defaults():
    shown: dict[str, str] = {}
    table = document("docs/controls.md").text.partition("## Limits of every order")[2].partition("\n## ")[0]
    for names, values in re.findall(r"^\| (`max_.+?) \| ([^|]+) \|", table, re.MULTILINE):
        shown |= dict(zip(re.findall(r"`(\w+)`", names), values.split(", "), strict=True))
    for field in msgspec.structs.fields(RiskLimits):
        if field.name.startswith("max_"):
            default = "none" if field.default is None else str(field.default)
            assert shown[field.name] == default
