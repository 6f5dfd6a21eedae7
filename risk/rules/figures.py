"""What the conditions of rules compare: one function for each figure, whole numbers out.

None where a figure cannot be known now: the rule then refuses. Ratios are rounded up to their unit.
"""

from collections.abc import Callable
from typing import NamedTuple

from core.instruments import Instrument
from core.market import Market, touch_of
from core.money import MONEY_DECIMALS
from core.orders import OrderIntent, OrderType
from oms.moves import Exposure
from risk.controls.control import Controls
from risk.controls.day import Traded
from risk.controls.depth import displayed

NS_DECIMALS = 6  # of a millisecond
RATIO_DECIMALS = 6
BPS = 10_000 * 10**RATIO_DECIMALS
MINUTE_NS = 60 * 1_000_000_000
DAY_NS = 1440 * MINUTE_NS
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday; Monday is 0
_MARKET = OrderType.MARKET
NOT_ASKED = -1


class Look:
    """One order beside what its rules may look at; one object, refilled."""

    __slots__ = (
        "ask",
        "bid",
        "closes",
        "controls",
        "exposure",
        "instrument",
        "intent",
        "market",
        "notional",
        "now_ns",
        "open_orders_total",
        "position",
        "side",
        "touch_ns",
        "valued_at",
    )

    ask: int
    bid: int
    closes: bool  # it only closes what is held, with everything open on its side filled
    controls: Controls | None
    exposure: Exposure  # what is open beside the order
    instrument: Instrument
    intent: OrderIntent
    market: Market
    notional: int  # NOT_ASKED until a rule asks
    now_ns: int
    open_orders_total: int
    position: int
    side: int
    touch_ns: int
    valued_at: int  # the gate's price of it, in price units

    @property
    def price(self) -> int:
        """An order's limit; without one the ask, which is as far from the middle as the bid."""
        return self.ask if self.intent.type is _MARKET else self.intent.price


def notional_of(instrument: Instrument, quantity: int, price: int) -> int:
    """Return what a quantity is worth at a price, as money of the quote currency."""
    if instrument.inverse:
        return quantity * face_of(instrument)
    return quantity * price * instrument.notional_factor


def face_of(instrument: Instrument) -> int:
    """Return what a unit of an inverse contract is worth, as money of the quote currency."""
    return int(10 ** (MONEY_DECIMALS - instrument.size_precision)) * instrument.multiplier


def traded_today(look: Look) -> Traded | None:
    """Return what the strategy has traded in the instrument today, None where nobody counts."""
    if look.controls is None:
        return None
    return look.controls.today(look.intent.strategy_id, look.intent.instrument, look.now_ns)


def _quantity(look: Look) -> int | None:
    return look.intent.quantity


def _notional(look: Look) -> int | None:
    if look.notional == NOT_ASKED:
        look.notional = notional_of(look.instrument, look.intent.quantity, look.valued_at)
    return look.notional


def _price_distance(look: Look) -> int | None:
    twice = look.bid + look.ask
    return -(-abs(2 * look.price - twice) * BPS // twice) if look.bid > 0 and look.ask > 0 else None


def _spread(look: Look) -> int | None:
    bid, ask = look.bid, look.ask
    return -(-2 * (ask - bid) * BPS // (bid + ask)) if bid > 0 and ask > 0 else None


def _position(look: Look) -> int | None:
    return look.position


def worst_position(look: Look) -> int:
    """Return what the position comes to on the order's side once everything open there and the order have filled."""
    exposure, side = look.exposure, look.side
    return (
        side * look.position
        + (exposure.open_buy_quantity if side > 0 else exposure.open_sell_quantity)
        + look.intent.quantity
    )


def _open_orders(look: Look) -> int | None:
    return look.exposure.open_orders


def _open_orders_total(look: Look) -> int | None:
    return look.open_orders_total


def _data_age(look: Look) -> int | None:
    return look.now_ns - look.touch_ns


def _orders_today(look: Look) -> int | None:
    today = traded_today(look)
    return None if today is None else today.orders


def _fills_today(look: Look) -> int | None:
    today = traded_today(look)
    return None if today is None else today.fills


def _turnover_today(look: Look) -> int | None:
    today = traded_today(look)
    return None if today is None else sum(today.turnover.values())  # of one currency, the instrument's


def _leverage(look: Look) -> int | None:
    return None if look.controls is None else look.controls.leverage_ppm(look.now_ns)


def is_one_of(days: frozenset[int], look: Look) -> int:
    """Return 1 on one of these days of the week, Monday 0; else 0."""
    return int((look.now_ns // DAY_NS + _EPOCH_WEEKDAY) % 7 in days)


def minutes_after(first: int, look: Look) -> int:
    """Return how many minutes have passed since a minute of the day was last seen."""
    return (look.now_ns // MINUTE_NS - first) % 1440


def depth(look: Look) -> int:
    """Return what the book shows on the other side up to the order's price."""
    return displayed(look.market, touch_of(look.market), look.side, look.valued_at)


Get = Callable[[Look], int | None]


class Figure(NamedTuple):
    """How a figure is taken, and in what it is counted: 10^-decimals of a unit."""

    get: Get
    decimals: int  # -1: the instrument's size precision
    unit: str  # "base", "quote", "own" or as it is said


SIZE = -1
FIGURES = {
    "quantity": Figure(_quantity, SIZE, "base"),
    "notional": Figure(_notional, MONEY_DECIMALS, "quote"),
    "price_distance_bps": Figure(_price_distance, RATIO_DECIMALS, "bps"),
    "position": Figure(_position, SIZE, "base"),
    "worst_position": Figure(worst_position, SIZE, "base"),
    "open_orders": Figure(_open_orders, 0, "orders"),
    "open_orders_total": Figure(_open_orders_total, 0, "orders"),
    "spread_bps": Figure(_spread, RATIO_DECIMALS, "bps"),
    "data_age_ms": Figure(_data_age, NS_DECIMALS, "ms"),
    "orders_today": Figure(_orders_today, 0, "orders"),
    "fills_today": Figure(_fills_today, 0, "executions"),
    "turnover_today": Figure(_turnover_today, MONEY_DECIMALS, "own"),
    "leverage": Figure(_leverage, RATIO_DECIMALS, "times the equity"),
}
MAY_BE_UNKNOWN = ("price_distance_bps", "spread_bps", "orders_today", "fills_today", "turnover_today", "leverage")


def decimals_in(figure: Figure, instrument: Instrument) -> int:
    """Return how many decimals a figure of an instrument has."""
    return instrument.size_precision if figure.decimals == SIZE else figure.decimals


def unit_in(figure: Figure, instrument: Instrument) -> str:
    """Return the unit of a figure of an instrument, in words."""
    return {"base": instrument.base, "quote": instrument.quote, "own": instrument.currency}.get(
        figure.unit, figure.unit
    )
