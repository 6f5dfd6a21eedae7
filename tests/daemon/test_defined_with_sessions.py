"""A paper session defines its instruments with the sessions of `[hours]`."""

import asyncio

from core.rng import Rng
from daemon.feeds import Feeds, instrument_of
from tests.daemon.sessions import SETTINGS, config
from tests.engine.scenario import BTC


class Rules:
    """A connector that knows its rules."""

    venue = "BINANCE"

    async def load_instruments(self):
        return [BTC]

    def assign(self, indexes, fitted):
        assert indexes == {BTC.symbol: 0}


def defined(text):
    feeds = Feeds(config(text).settings, lambda: 0, Rng(1), lambda *_: None)
    feeds.connectors = [Rules()]  # type: ignore[list-item]
    [event] = asyncio.run(feeds.define(lambda: 0))
    return instrument_of(event)


def test_an_instrument_is_defined_with_its_own_sessions_or_those_of_its_calendar():
    assert defined(SETTINGS + '[hours."BTCUSDT.BINANCE"]\nsessions = [[1, 2]]\n').sessions == ((1, 2),)
    assert defined(SETTINGS + '[hours."24/7"]\nsessions = [[3, 4]]\n').sessions == ((3, 4),)
    assert defined(SETTINGS) == BTC
