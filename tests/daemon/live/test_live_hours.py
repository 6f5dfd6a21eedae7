"""`[hours]` holds on paper and live alike, and a session that it held in replays."""

import msgspec
import pytest

from core.events import InstrumentDefined
from core.records import Kind
from daemon.replay import replay_session
from journal.reader import open_session
from tests.daemon.live.trader import exchange, settings_of, trading

OPENS_NS = 4_102_444_800_000_000_000
HOURS = f'[hours."BTCUSDT.BINANCE"]\nsessions = [[1_000, 2_000], [{OPENS_NS}, {OPENS_NS + 1_000}]]\n'
BUYER = """
from strategies import Strategy


class Buyer(Strategy):
    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.asked = False

    def on_quote(self, quote):
        if not self.asked:
            self.asked = True
            self.buy(self.markets[0], self.markets[0].instrument.quantity("0.01"))
"""


@pytest.mark.parametrize("mode", ["paper", "live"])
async def test_an_order_outside_of_the_sessions_is_refused_before_it_is_sent(tmp_path, mode):
    (tmp_path / "buyer.py").write_text(BUYER)
    async with exchange() as where:
        config = settings_of(where, tmp_path, mode=mode, more=HOURS, strategy=f"{tmp_path / 'buyer.py'}:Buyer")
        async with trading(config) as one:
            await one.until(one.refusals)
            assert f"its next session opens at {OPENS_NS} ns" in one.refusals()[0]
            assert not one.engine.manager.open_count
    with open_session(one.folder) as reader:
        (defined,) = reader.payloads((Kind.INSTRUMENT,))
    rules = msgspec.msgpack.decode(defined.payload, type=InstrumentDefined).instrument
    assert rules.sessions == ((1_000, 2_000), (OPENS_NS, OPENS_NS + 1_000))
    assert replay_session(one.folder).ok
