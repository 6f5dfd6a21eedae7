"""docs/sizing.md: its settings are read, and its table has every rule that there is."""

import re

from config.load import parse
from risk.sizing.settings import RULES
from tests.docs.markdown import document

PAGE = document("docs/sizing.md")


def test_the_settings_on_the_page_are_read():
    (text,) = [block.text for block in PAGE.blocks if block.language == "toml"]
    settings = parse(text, file="page").settings
    assert settings.strategies[0].sizing is not None
    assert settings.strategies[0].sizing.volatility_target == 0.1


def test_the_table_has_every_rule():
    assert tuple(re.findall(r"^\| `(\w+)`", PAGE.text, re.MULTILINE)) == RULES
