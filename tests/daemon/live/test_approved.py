"""F64: which program may trade, and whether its guard is of one mind with it."""

import msgspec
import pytest

from config.head import build
from config.load import parse
from daemon.errors import UsageError
from daemon.live.approved import mind_of, refuse_other_build

TEXT = """
[session]
mode = "live"
[live]
build = "{build}"
[guard]
patience_ms = {patience}
[venues.binance]
connector = "binance-spot"
instruments = [{symbols}]
[venues.binance.trading]
key = "demo"
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
"""


def settings(approved: str = "", patience: int = 300, symbols: str = '"BTCUSDT"'):
    return parse(TEXT.format(build=approved, patience=patience, symbols=symbols)).settings


@pytest.mark.parametrize("digits", [0, 12, 64])
def test_the_program_that_was_approved_may_trade_and_without_a_word_any(digits):
    refuse_other_build(settings(build().source_digest[:digits]))


def test_another_program_may_not_and_is_told_what_it_is():
    with pytest.raises(UsageError) as refused:
        refuse_other_build(settings("0123456789ab"))
    assert build().source_digest[:12] in str(refused.value)
    assert "approve of this one" in str(refused.value)


def test_half_a_digest_is_no_approval():
    with pytest.raises(Exception, match="12 or more hexadecimal digits"):
        settings("0123")


def test_a_guard_is_of_one_mind_where_it_would_cancel_the_same_by_the_same_program():
    ours = mind_of(settings())
    assert mind_of(settings(patience=500)) == ours
    assert mind_of(settings(symbols='"BTCUSDT", "ETHUSDT"')) != ours
    ignoring = msgspec.structs.replace(settings().live, foreign_orders="ignore")
    assert mind_of(msgspec.structs.replace(settings(), live=ignoring)) != ours
    assert build().source_digest[:12] in ours
