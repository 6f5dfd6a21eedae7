"""Every kind of order in a recorded session: it replays to itself, digest by digest."""

from collections import Counter
from pathlib import Path

from core.effects import HeldChanged, OrderUpdated
from core.orders import OrderState, OrderType, Refusal
from daemon.replay import replay_session
from journal.reader import open_session
from tests.daemon.sessions import Recorder

STRATEGY = Path(__file__).with_name("every_order.py")
SETTINGS = f"""
[session]
seed = 5
digest_every = 50

[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "every"
use = "{STRATEGY}:EveryOrder"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 50_000
max_position_notional = 10_000_000
max_orders_per_second = 1_000
max_orders_per_minute = 50_000
max_open_orders = 200
max_open_orders_total = 500
"""


def test_a_session_with_every_kind_of_order_replays_to_itself(tmp_path):
    recorder = Recorder(tmp_path, text=SETTINGS)
    recorder.open()
    recorder.trade(250)
    result = replay_session(recorder.seal())
    assert result.ok, result.text()
    assert result.digests_compared > 20
    states: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    types: Counter[OrderType] = Counter()
    with open_session(recorder.folder) as reader:
        for _, event in reader.events():
            payload = event[5]
            if isinstance(payload, OrderUpdated):
                states[payload.state] += 1
                if payload.state is OrderState.HELD:
                    types[payload.type] += 1
            elif isinstance(payload, Refusal):
                refusals[payload.code] += 1
            elif isinstance(payload, HeldChanged):
                states["saved"] += 1
    assert {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT} <= set(types)
    assert {OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED, OrderType.LIMIT} <= set(types)
    assert {OrderState.FILLED, OrderState.CANCELLED, OrderState.HELD} <= set(states)
    assert refusals["NO_AUCTION"] > 0
    assert set(refusals) <= {"NO_AUCTION", "REDUCE_ONLY"}
    assert recorder.engine.manager.held.orders == {}, "drained"
