"""How long a venue's answers may lag, beside how long a request to it stays valid: the first is never the shorter."""

import pytest

from config.errors import WrongValue
from config.load import parse

TEXT = """\
[session]
mode = "live"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[venues.binance.trading]
key = "demo"
recv_window_ms = {window}
[live]
visibility_lag_s = {lag}
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
"""


def test_a_lag_after_which_a_request_could_still_be_carried_out_is_refused():
    with pytest.raises(WrongValue) as refused:
        parse(TEXT.format(window=5_000, lag=4.9), file="my.toml", environ={})
    assert str(refused.value) == (
        "my.toml:10: live.visibility_lag_s: expected at least 5: a request to binance stays valid so long "
        "(recv_window_ms), found 4.9; raise it, or lower recv_window_ms of [venues.binance.trading]"
    )


def test_a_lag_as_long_as_a_request_stays_valid_is_taken():
    assert parse(TEXT.format(window=5_000, lag=5.0), file="my.toml", environ={}).settings.live.visibility_lag_s == 5.0


def test_the_lag_of_the_defaults_is_held_to_a_window_that_is_set():
    text = TEXT.format(window=60_000, lag=0).replace("visibility_lag_s = 0\n", "")
    with pytest.raises(WrongValue, match=r"live\.visibility_lag_s: expected at least 60: .* found 30\.0"):
        parse(text, file="my.toml", environ={})
