"""An order that passes without being weighed is one that every scope would have let pass, and most pass so."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import ReportType
from core.instruments import AssetClass
from core.orders import ApprovedReplace, ApprovedSubmit, OrderState, OrderType, Side
from risk.control_settings import ControlSettings, ScopeLimits
from risk.controls.clearance import Clearance
from risk.controls.control import Controls
from risk.controls.found import Found
from tests.risk.control_room import CROSS, MARKETS, PERP, SPOT, ControlRoom, Quoted, limited
from tests.risk.room import SECOND_NS, WIDE

COIN = msgspec.structs.replace(
    MARKETS[PERP][0], symbol="ETHUSD_PERP", base="ETH", quote="USD", inverse=True, multiplier=100
)
GEARED = msgspec.structs.replace(MARKETS[SPOT][0], asset_class=AssetClass.PERPETUAL, margin_initial_ppm=2_000_000)
STEPS = 120
LIMITS: dict[str, dict[str, Any]] = {
    "values": limited(max_gross_notional=100, max_net_notional=60, max_open_notional=70),
    "order value": {
        "limits": {"all": ScopeLimits(max_order_value=25), "strategy:ema": ScopeLimits(max_order_value=24)}
    },
    "turnover": limited(max_turnover_per_day=700, max_orders_per_day=40),
    "cash": limited(min_cash=900),
    "equity": limited(max_leverage="0.06", max_concentration="0.05"),
    "counts": limited("strategy:ema", max_open_orders=3, max_orders_per_second=2, max_messages_per_minute=50),
    "kinds": limited("strategy:ema", order_types=(OrderType.LIMIT,), max_gross_notional=10**6),
    "twins": limited("strategy:ema", duplicate_window_ms=400),
    "depth": limited(max_depth_share="0.2"),
    "lists": limited(max_gross_notional=10**6)
    | {"self_trade": False, "locates": {"BTCUSDT.BINANCE": "0.02"}, "restricted": ("ETHUSDT.KRAKEN",)},
}


class Weighed(Controls):
    """Weighs every order."""

    __slots__ = ()

    def breach(self, *asked: Any) -> Found:
        self._rooms.clear.clear()
        return super().breach(*asked)


def rooms_of(controls: dict[str, Any], markets: dict[int, Quoted]) -> list[ControlRoom]:
    """Return two rooms alike, but that the second weighs every order."""
    rooms = []
    for kind in (Controls, Weighed):
        room = ControlRoom(markets=markets, **({"self_trade": True} | controls))
        asked = room.gate.limits.controls
        assert asked is not None
        room.gate.controls = kind(asked, room.gate.day, room.manager, room.effects, room.portfolio)
        for index, (instrument, _, _) in markets.items():
            room.gate.controls.define(index, instrument)
        rooms.append(room)
    return rooms


def drawn(rng: random.Random, middles: dict[int, int]) -> tuple[str, dict[str, Any]]:
    """Return what happens next."""
    what = rng.choices(("ask", "answer", "replace", "cancel", "wait", "look", "quote"), (9, 6, 1, 1, 6, 2, 2))[0]
    if what == "ask":
        index = rng.choice((PERP, PERP, SPOT, CROSS))
        fields: dict[str, Any] = {
            "strategy_id": rng.choice(("ema", "ema", "quoter")),
            "instrument": index,
            "side": rng.choice(tuple(Side)),
            "type": rng.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET)),
            "quantity": rng.choice((40, 100, 195, 200, 205, 500)) * (5 if index == SPOT else 1),
        }
        if fields["type"] is OrderType.LIMIT:
            fields["price"] = middles[index] + 10 * rng.randint(-3, 3) - middles[index] % 10
        return what, fields
    return what, {"which": rng.randrange(50), "number": rng.random(), "ns": rng.randrange(SECOND_NS)}


def carried_out(room: ControlRoom, names: list[str], what: str, given: dict[str, Any]) -> object:
    """Carry a step out; return what the gate said, if it was asked."""
    room.end_event()
    if what == "ask":
        return room.ask(**given)
    if what == "wait":
        room.wait(given["ns"])
    elif what == "look":
        assert room.gate.controls is not None
        room.gate.controls.look(room.now_ns)
    elif what == "quote":
        market = room.markets[given["which"] % 3]
        middle = int((market.bid_price + market.ask_price) // 20 * (0.97 + 0.06 * given["number"])) * 10
        room.quote(market.index, middle - 5, middle + 5)
    elif names:
        return upon(room, names[given["which"] % len(names)], what, given["number"])
    return None


def upon(room: ControlRoom, name: str, what: str, number: float) -> object:
    """Let something happen to an order, as far as it can."""
    order = room.manager.order(name)
    assert order is not None
    if what == "cancel":
        if order.state is OrderState.ACCEPTED:
            room.cancel(name)
    elif what == "replace":
        answer = room.replace(name, quantity=max(order.quantity // 2, order.filled + 40))
        if isinstance(answer, ApprovedReplace):
            room.effects.append(answer)
            room.manager.replacements.sent(answer, room.now_ns, room.effects)
        return answer
    elif order.is_open and order.leaves and number < 0.8:
        room.report(ReportType.ACCEPTED, name)
        room.fill(name, max(1, int(order.leaves * min(1.0, number * 2))), fee="0.001")
    elif order.is_open:
        room.report(ReportType.CANCELLED, name)
    return None


def settle(room: ControlRoom) -> None:
    """End the event that sent something, and then one at whose end somebody has time to count."""
    room.wait(SECOND_NS // 20)
    room.wait(SECOND_NS // 20)


@pytest.mark.parametrize("which", LIMITS)
@settings(max_examples=15)  # of 120 steps each
@given(seed=st.integers(0, 2**32))
def test_what_passes_at_once_is_what_all_scopes_let_pass(which, seed):
    rng = random.Random(seed)
    names: list[str] = []
    markets = dict(MARKETS)
    if seed % 4 == 0:
        markets[SPOT] = (GEARED, *MARKETS[SPOT][1:])
    rooms = rooms_of(LIMITS[which], markets)
    for _ in range(STEPS):
        middles = {market.index: (market.bid_price + market.ask_price) // 2 for market in rooms[0].markets}
        what, given_ = drawn(rng, middles)
        told = [carried_out(room, names, what, given_) for room in rooms]
        assert told[0] == told[1]
        if isinstance(told[0], ApprovedSubmit):
            names.append(told[0].intent.client_order_id)


def test_an_order_far_from_its_limits_is_not_weighed_the_second_time(monkeypatch):
    at_once = []
    lets_pass = Clearance.lets_pass

    def counted(*asked: Any) -> bool:
        at_once.append(lets_pass(*asked))
        return at_once[-1]

    monkeypatch.setattr(Clearance, "lets_pass", counted)
    room = ControlRoom(**limited(max_gross_notional=1_000), locates={"BTCUSDT.BINANCE": 5})
    for number, side in enumerate((Side.BUY, Side.SELL) * 3):
        room.hold(100 * side, price=1000_00)
        settle(room)
        assert at_once == [True] * number, "the first was weighed, the others were not"


@pytest.mark.parametrize(("price", "code"), [(192_00, "ORDER_VALUE"), (193_00, "")])
def test_an_inverse_contract_is_weighed_because_a_lower_price_makes_it_dearer(price, code):
    markets = dict(MARKETS) | {CROSS: (COIN, 199_95, 200_05)}
    room = ControlRoom(equity="10000000", markets=markets, **limited(max_order_value=104))
    for _ in range(2):  # 100 dollars' worth of ether: 104.2 at 192
        assert room.code(instrument=CROSS, quantity=10_000, price=price) == code
        settle(room)


def test_an_order_is_weighed_where_the_market_rose_since_the_room_was_counted():
    room = ControlRoom(**limited(max_order_value=20))
    for middle, code in ((1000_00, ""), (1100_00, "ORDER_VALUE")):
        room.quote(PERP, middle - 5, middle + 5)
        assert room.code(quantity=190, price=middle) == code
        settle(room)


def test_an_order_is_weighed_where_nobody_looked_for_two_seconds():
    room = ControlRoom(**limited(max_gross_notional=50))
    room.hold(300)
    settle(room)
    room.now_ns += 3 * SECOND_NS
    room.quote(PERP, 1039_95, 1040_05)  # 31.2 USDT are held now
    assert room.code(quantity=190, price=1040_00) == "GROSS_NOTIONAL"


def test_what_is_restricted_may_be_closed_and_then_not_opened_again():
    room = ControlRoom(**limited(max_gross_notional=1_000))
    room.hold(300)
    controls = ControlSettings(restricted=("BTCUSDT.BINANCE",), **limited(max_gross_notional=1_000))
    room.gate.change(msgspec.structs.replace(WIDE, controls=controls))
    for side, code in ((Side.SELL, ""), (Side.SELL, ""), (Side.BUY, "RESTRICTED")):
        assert room.code(side=side, quantity=100, price=1000_00 - 50 * side) == code
        settle(room)
