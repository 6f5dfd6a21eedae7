"""`[risk.breakers]` in a settings file: each mistake at its line, with what was expected."""

import pytest

from config.errors import ConfigError
from config.load import parse

HEAD = """
[session]
mode = "paper"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
"""


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("[[risk.breakers.loss]]\nscope = 'strategy:emma'\nwarn_at = 1", "did you mean ema"),
        ("[[risk.breakers.spread]]\nscope = 'symbol:BTCUSDC.BINANCE'\nwarn_at = 1", "BTCUSDT.BINANCE"),
        ("[[risk.breakers.loss]]\nscope = 'venue:KRAKEN'\nwarn_at = 1", "a venue of this configuration"),
        ("[[risk.breakers.loss]]", "at least one of warn_at, reduce_at, halt_at, flatten_at"),
        ("[[risk.breakers.loss]]\nwarn_at = 5\nhalt_at = 4", "no milder than the one before it, 5"),
        (
            "[[risk.breakers.volatility]]\nscope = 'symbol:*'\nwarn_at = 2\nshort_s = 9\nlong_s = 9",
            "less than long_s, 9",
        ),
        ("[[risk.breakers.feed_quorum]]\nwarn_below = 1\nhalt_below = 2", "no milder than the one before it, 1"),
        ("[[risk.breakers.loss]]\nwindow_s = 5\nwarn_at = 5", "window_s"),
        ("[risk.breakers]\nloses = []", "did you mean loss"),
        ("[risk.breakers]\ncollar = '0.05'", "less than max_price_deviation"),
        ("[risk.breakers]\nunvalued = 'stop'", "halt"),
    ],
)
def test_a_mistake_is_told_at_its_line(row, said):
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + row)
    (mistake,) = refused.value.all
    assert said in str(mistake)
    assert mistake.line is not None
    assert mistake.line > HEAD.count("\n")


def test_each_row_is_read_with_its_own_type():
    text = HEAD + "[[risk.breakers.reject_rate]]\nscope = 'strategy:*'\nhalt_at = 0.5\nwindow_s = 30\n"
    breakers = parse(text).settings.risk.breakers
    assert breakers is not None
    assert [(row.scope, row.window_s, row.halt_at) for row in breakers.reject_rate] == [("strategy:*", 30, 0.5)]
