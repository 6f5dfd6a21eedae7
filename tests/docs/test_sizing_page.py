"""docs/sizing.md: its settings are read, and its table has every rule that there is."""

import re

from config.load import parse
from risk.exits.settings import InstrumentExits
from risk.sizing.settings import RULES, RegimeSettings, SizingSettings, StrategySizing
from tests.docs.markdown import document

PAGE = document("docs/sizing.md")


def test_the_settings_on_the_page_are_read():
    sizes, exits = [parse(block.text, file="page").settings for block in PAGE.blocks if block.language == "toml"]
    assert sizes.strategies[0].sizing is not None
    assert sizes.strategies[0].sizing.volatility_target == 0.1
    assert exits.strategies[0].exits is not None
    assert exits.strategies[0].exits.instruments["ETHUSDT.BINANCE"].stop_loss == "3%"


def test_the_page_names_every_setting():
    for table in (SizingSettings, RegimeSettings, StrategySizing, InstrumentExits):
        for name in table.__struct_fields__:
            assert re.search(rf"^{name} = |\[sizing\.{name}\]", PAGE.text, re.MULTILINE), name


def test_the_table_has_every_rule():
    assert tuple(re.findall(r"^\| `(\w+)`", PAGE.text, re.MULTILINE)) == RULES
