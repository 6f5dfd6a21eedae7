"""The accounting page: its examples come out as it says, its table is the books', its settings are all there are."""

import re

import msgspec
import pytest

from config.load import parse
from config.settings import AccountingSettings
from oms.books import ACCOUNTS, REASONS
from tests.docs.markdown import document

PAGE = document("docs/accounting.md")
EXAMPLES = [block.text for block in PAGE.blocks if block.language == "python"]


@pytest.mark.parametrize("example", EXAMPLES, ids=["lots", "inverse"])
def test_an_example_comes_out_as_the_page_says(example):
    assert "assert " in example
    exec(compile(example, str(PAGE), "exec"), {})


def test_the_settings_block_shows_every_setting():
    (block,) = [block.text for block in PAGE.blocks if block.language == "toml"]
    shown = re.findall(r"^(\w+) = ", block.partition("[accounting]")[2], re.MULTILINE)
    assert shown == [field.name for field in msgspec.structs.fields(AccountingSettings)]
    assert parse(block).settings.accounting.base_currency == "USDT"


def test_the_table_of_moves_is_that_of_the_books():
    rows = re.findall(r"^\| `(\w+)`(, for none)?.* \| (\w+) \|$", PAGE.text, re.MULTILINE)
    assert len(rows) == 8
    for reason, is_loan, account in rows:
        assert account == ("loans" if is_loan else ACCOUNTS[REASONS[reason]])
