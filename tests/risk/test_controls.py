"""Limits at every level: each at its figure and one unit below it, in each scope, and what they count."""

from decimal import Decimal, localcontext

import msgspec
import pytest

from core.events import ReportType
from core.orders import ApprovedReplace, OrderType, Refusal, Side
from risk.control_settings import ControlSettings, ScopeLimits
from risk.errors import LimitsError
from tests.risk.control_room import CROSS, PERP, SPOT, ControlRoom, limited
from tests.risk.room import SECOND_NS

SCOPES = {
    "all": {},
    "account:main": {"accounts": {"main": ("BINANCE",)}},
    "venue:BINANCE": {},
    "class:perpetual": {},
    "currency:BTC": {},
    "group:majors": {"groups": {"majors": ("BTCUSDT.BINANCE", "ETHUSDT.KRAKEN")}},
    "symbol:BTCUSDT.BINANCE": {},
    "strategy:ema": {},
}


def busy(room):
    """Hold 0.03 BTC, for 30 USDT, and have 0.02 of buys (19.98 USDT) and 0.01 of sells (10.01) open, all of `ema`."""
    room.fill(room.place(quantity=300), 300, fee="0.01")
    room.place(quantity=200, price=999_00)
    room.place(side=Side.SELL, quantity=100, price=1001_00)
    room.wait(10 * SECOND_NS)


BOUNDED = {
    "max_order_notional": ("SCOPE_ORDER_NOTIONAL", 18),
    "max_gross_notional": ("GROSS_NOTIONAL", 18),
    "max_net_notional": ("NET_NOTIONAL", 18),
    "max_open_notional": ("OPEN_NOTIONAL", 18),
    "max_open_orders": ("OPEN_ORDERS", 0),
    "max_leverage": ("LEVERAGE", 6),
    "max_concentration": ("CONCENTRATION", 6),
    "max_depth_share": ("DEPTH_SHARE", 6),
    "max_orders_per_minute": ("SCOPE_RATE", 0),
    "max_messages_per_minute": ("SCOPE_RATE", 0),
    "max_orders_per_day": ("DAY_ORDERS", 0),
    "max_fills_per_day": ("DAY_FILLS", 0),
    "max_turnover_per_day": ("DAY_TURNOVER", 18),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", BOUNDED)
def test_a_limit_holds_at_its_figure_and_not_one_unit_below_it(scope, name):
    code, decimals = BOUNDED[name]

    def ask(limit):
        room = ControlRoom(**limited(scope, **{name: 10**9}), **SCOPES[scope])
        busy(room)
        set_limit(room, scope, **{name: limit})
        return room.ask(quantity=100, price=1000_10)

    refusal = ask(0)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, Decimal(refusal.limit)) == (code, 0)
    assert scope in refusal.message
    with localcontext(prec=40):
        figure = Decimal(refusal.figure)
        below = figure - Decimal(1).scaleb(-decimals)
    assert not isinstance(ask(written(figure, decimals)), Refusal), f"{name} at {figure}"
    tight = ask(written(below, decimals))
    assert isinstance(tight, Refusal), f"{name} at {below}"
    assert tight.code == code


def written(figure, decimals):
    return f"{figure:f}" if decimals else int(figure)


def set_limit(room, scope, **limits):
    controls = msgspec.structs.replace(room.gate.limits.controls, limits={scope: ScopeLimits(**limits)})
    room.gate.change(msgspec.structs.replace(room.gate.limits, controls=controls))
