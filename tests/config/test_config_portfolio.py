"""What `[portfolio]` refuses, and that it decides nothing of what is traded."""

import pytest

from config.digest import config_digest
from config.errors import ConfigError
from config.load import parse

VENUE = '[venues.binance]\nconnector = "binance-spot"\ninstruments = ["BTCUSDT"]\n[portfolio]\n'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('benchmark = "BTCUSD.BINANCE"', "an instrument of"),
        ("least = 2_000", "at most the window of 1000 bars"),
        ("degrees = 1.5", "more than 2"),
        ("bar_s = 5", "at most bar_s, 5"),
        ('method = "best"', "historical"),
    ],
)
def test_what_cannot_be_measured_is_refused(line, why):
    with pytest.raises(ConfigError, match=why):
        parse(VENUE + line)


def test_how_the_portfolio_is_measured_is_no_part_of_the_digest():
    plain, chosen = (parse(VENUE + line).settings for line in ("", "enabled = true\nleast = 50"))

    assert chosen.portfolio.enabled
    assert config_digest(plain) == config_digest(chosen)
