"""The gate's hot functions: compiled beside plain, exact where products would leave 64 bits."""

import random
from fractions import Fraction

import numba
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core import book as core_book
from core import market as core_market
from core.market import MarketNumbers, touch_of
from oms.moves import Exposure
from research.compiled.layout import copy_back, row_of
from research.compiled.registry import register
from risk import checks, codes, figures, limit_checks, market_checks, order_checks, rate
from risk.checks import CHECKS, first_breach
from risk.figures import collar_ceiling, outside_collar, valuation_price, worth_less, worth_more
from risk.limits import DEVIATION_UNIT, NO_LIMIT, InstrumentLimits
from risk.rate import Rates, rate_advance, rate_note, times_of
from risk.records import Asked, Rules
from tests.risk.room import SECOND_NS

register(core_book, core_market, figures, rate, order_checks, market_checks, limit_checks, checks)

LARGEST = 2**63 - 1
PRICE_MAX = 2**59 - 1  # of the market; see risk/bounds.py
NOW_NS = 1_000 * SECOND_NS

any_number = st.one_of(st.integers(-LARGEST, LARGEST), st.integers(-5, 5), st.integers(0, 3_000))
market_price = st.one_of(st.integers(0, PRICE_MAX), st.integers(0, 3_000))
limit = st.one_of(st.integers(0, NO_LIMIT - 1), st.integers(0, 3_000), st.just(NO_LIMIT - 1))
deviation = st.integers(0, DEVIATION_UNIT - 1)


@numba.njit
def compiled_breach(order, rules, limits, market, exposure, open_orders, position, rates, ready, id_known, now_ns):
    touch = touch_of(market[0])
    return first_breach(
        order[0],
        rules[0],
        limits[0],
        market[0],
        touch,
        exposure[0],
        open_orders,
        position,
        rates[0],
        ready,
        id_known,
        now_ns,
    )


@numba.njit
def compiled_figures(price, quantity, twice, deviation, value):
    return (
        outside_collar(price, twice, deviation),
        collar_ceiling(twice, deviation),
        worth_more(quantity, price, value),
        worth_less(quantity, price, value),
    )


@numba.njit
def compiled_rate(rates, times, moments, passes):
    for index in range(len(moments)):
        rate_advance(rates[0].second, times, moments[index])
        rate_advance(rates[0].minute, times, moments[index])
        full = rates[0].second.count >= rates[0].second.limit or rates[0].minute.count >= rates[0].minute.limit
        passes[index] = not full
        if not full:
            rate_note(rates[0], times, moments[index])


# ------------------------------------------------------------------------------------------------ the figures


@given(st.integers(1, LARGEST), any_number, market_price, deviation, limit)
@settings(deadline=None)
def test_compiled_figures_are_exact_where_a_product_would_wrap(price, quantity, twice, share, value):
    outside = abs(price - Fraction(twice, 2)) > Fraction(twice, 2) * Fraction(share, DEVIATION_UNIT)
    exact_ceiling = -(-twice * (DEVIATION_UNIT + share) // (2 * DEVIATION_UNIT))
    expected = (outside, exact_ceiling, quantity * price > value, quantity * price < value)

    assert compiled_figures(price, quantity, twice, share, value) == expected
    assert outside_collar(price, twice, share) == outside
    assert collar_ceiling(twice, share) == exact_ceiling


@given(market_price, deviation, st.integers(-2, 2))
@settings(deadline=None)
def test_the_collars_two_edges_are_exact_for_small_and_large_prices(twice, share, beside):
    allowed = twice * share // DEVIATION_UNIT
    for price in ((twice + allowed) // 2 + beside, (twice - allowed + 1) // 2 + beside):
        assume(price > 0)
        outside = abs(2 * price - twice) * DEVIATION_UNIT > twice * share
        assert outside_collar(price, twice, share) == outside
        assert compiled_figures(price, 1, twice, share, 1)[0] == outside


@given(st.integers(1, 2**40), limit, st.integers(-1, 1))
def test_a_value_is_compared_to_the_unit_without_the_product(price, value, beside):
    quantity = value // price + beside
    assert worth_more(quantity, price, value) == (quantity * price > value)
    assert worth_less(quantity, price, value) == (quantity * price < value)


# ------------------------------------------------------------------------------------------------- the checks


class Case:
    """An order that passes every check, unless fields are set otherwise; asked of the plain and the compiled gate."""

    def __init__(self) -> None:
        self.order = Asked(side=1, quantity=100, price=1_000)
        self.rules = {"tick": 5, "lot": 5, "min_quantity": 10, "max_quantity": 10_000}
        self.limits = {
            "max_order_quantity": NO_LIMIT,
            "max_order_value": NO_LIMIT - 1,
            "max_position": NO_LIMIT,
            "max_position_value": NO_LIMIT - 1,
            "min_value": 0,
            "max_open_orders": 5,
            "max_open_orders_total": 8,
            "max_deviation": 50_000_000,
            "max_data_age_ns": 20,
        }
        self.market = MarketNumbers(
            bid_price=999,
            ask_price=1_001,
            last_price=1_000,
            quote_ns=NOW_NS,
            trade_ns=NOW_NS,
            bar_price=1_000,
            bar_ns=NOW_NS,
            connected=True,
        )
        self.exposure = Exposure(open_orders=2, open_buy_quantity=30, open_sell_quantity=20)
        self.open_orders, self.position = 3, 50
        self.rates = Rates()
        self.rates.second.limit, self.rates.minute.limit = 5, 9
        self.ready, self.id_known = True, False

    def set(self, **changes: int) -> "Case":
        for name, value in changes.items():
            if name in self.rules or name in {"expiry_ns", "tradable"}:
                self.rules[name] = value
            elif name in self.limits:
                self.limits[name] = value
            elif name in {"second", "minute"}:
                getattr(self.rates, name).count = value
            else:
                owners = (self.order, self.market, self.exposure, self)
                setattr(next(owner for owner in owners if hasattr(owner, name)), name, value)
        return self

    def answer(self) -> int:
        """Return the number that both give."""
        rules, limits = Rules(**self.rules), InstrumentLimits(**self.limits)  # type: ignore[arg-type]
        rest = self.open_orders, self.position
        touch = touch_of(self.market)
        plain = first_breach(
            self.order,
            rules,
            limits,
            self.market,
            touch,
            self.exposure,
            *rest,
            self.rates,
            self.ready,
            self.id_known,
            NOW_NS,
        )
        rows = [row_of(record) for record in (self.order, rules, limits, self.market, self.exposure)]
        assert compiled_breach(*rows, *rest, row_of(self.rates), self.ready, self.id_known, NOW_NS) == plain
        return plain


# For each check: what is set beside the passing order, the field that it looks at, the last value that passes, and the
# first one beyond.
EDGES: list[tuple[int, dict[str, int], str, int, int]] = [
    (codes.NOT_READY, {}, "ready", True, False),
    (codes.NOT_TRADABLE, {}, "tradable", True, False),
    (codes.NOT_TRADABLE, {}, "expiry_ns", NOW_NS + 1, NOW_NS),
    (codes.DUPLICATE_ID, {}, "id_known", False, True),
    (codes.QUANTITY_NOT_POSITIVE, {"lot": 1, "min_quantity": 0}, "quantity", 1, 0),
    (codes.PRICE_ON_MARKET, {"is_market": True}, "price", 0, 1),
    (codes.PRICE_NOT_POSITIVE, {"bid_price": 5, "ask_price": 5, "last_price": 0}, "price", 5, 0),
    (codes.POST_ONLY_NOT_LIMIT, {"post_only": True}, "rests", True, False),
    (codes.POST_ONLY_NOT_LIMIT, {"is_market": True, "price": 0}, "post_only", False, True),
    (codes.TICK_SIZE, {}, "price", 1_000, 1_001),
    (codes.LOT_SIZE, {}, "quantity", 100, 101),
    (codes.MIN_QUANTITY, {"lot": 1}, "quantity", 10, 9),
    (codes.MAX_VENUE_QUANTITY, {"lot": 1}, "quantity", 10_000, 10_001),
    (codes.FEED_DISCONNECTED, {}, "connected", True, False),
    (codes.CHANNEL_STALE, {}, "stale", 14, 1),
    (codes.CHANNEL_STALE, {"quote_ns": 0}, "stale", 3, 4),
    (codes.CHANNEL_STALE, {"quote_ns": 0}, "stale", 3, 8),
    (codes.NO_REFERENCE, {"ask_price": 1_001}, "bid_price", 1_001, 1_002),
    (codes.NO_REFERENCE, {"bid_price": 1, "price": 5, "ask_price": 9, "last_price": 0}, "bid_price", 1, 0),
    (codes.DATA_AGE, {}, "quote_ns", NOW_NS - 20, NOW_NS - 21),
    (codes.COLLAR_MID, {"tick": 1}, "price", 1_050, 1_051),
    (codes.COLLAR_MID, {"tick": 1}, "price", 950, 949),
    (codes.COLLAR_LAST, {"price": 1_050}, "last_price", 1_000, 999),
    (codes.COLLAR_LAST, {"last_price": 900}, "trade_ns", NOW_NS - 21, NOW_NS - 20),
    (codes.MIN_NOTIONAL, {}, "min_value", 100_000, 100_001),
    (codes.MIN_NOTIONAL, {"is_market": True, "price": 0, "ask_price": 1_002}, "min_value", 100_050, 100_051),
    (codes.MAX_QUANTITY, {}, "max_order_quantity", 100, 99),
    (codes.MAX_NOTIONAL, {}, "max_order_value", 100_000, 99_999),
    (codes.MAX_NOTIONAL, {"is_market": True, "price": 0}, "max_order_value", 105_000, 104_999),
    (codes.MAX_NOTIONAL, {"side": -1, "price": 995}, "max_order_value", 99_900, 99_899),
    (codes.REDUCE_ONLY, {"reduce_only": True, "side": -1}, "position", 120, 119),
    (codes.REDUCE_ONLY, {"reduce_only": True}, "position", -130, -129),
    (codes.MAX_POSITION, {}, "max_position", 180, 179),
    (codes.MAX_POSITION, {"side": -1}, "max_position", 70, 69),
    (codes.MAX_POSITION_NOTIONAL, {}, "max_position_value", 180_000, 179_999),
    (codes.MAX_OPEN_ORDERS, {}, "max_open_orders", 3, 2),
    (codes.MAX_OPEN_ORDERS_TOTAL, {}, "max_open_orders_total", 4, 3),
    (codes.RATE_SECOND, {}, "second", 4, 5),
    (codes.RATE_MINUTE, {}, "minute", 8, 9),
]


@pytest.mark.parametrize(("number", "beside", "field", "last", "beyond"), EDGES)
def test_an_order_passes_at_each_limit_and_not_beyond_it(number, beside, field, last, beyond):
    assert Case().set(**beside, **{field: last} if field not in beside else {}).set(**{field: last}).answer() == 0
    assert Case().set(**beside).set(**{field: beyond}).answer() == number


def test_every_check_is_tried_at_its_limit():
    assert {edge[0] for edge in EDGES} == set(CHECKS)


def test_orders_that_break_two_checks_are_stopped_by_the_same_one_compiled():
    draw = random.Random(7)
    for _ in range(1_500):
        one, other = draw.sample(EDGES, 2)
        case = Case()
        for _number, beside, field, _last, beyond in (one, other):
            case.set(**beside).set(**{field: beyond})
        case.answer()


def test_numbers_of_any_size_get_the_same_answer_compiled():
    draw, seen = random.Random(11), set()
    for _ in range(3_000):
        case = Case().set(tick=1, lot=1, max_quantity=0, max_deviation=draw.choice([0, 5 * 10**7, DEVIATION_UNIT - 1]))
        price = draw.choice([1_000, 2**33, 2**40, PRICE_MAX // 2, draw.randrange(1, 2**40)])
        case.set(bid_price=price, ask_price=price + draw.randrange(3), last_price=price)
        case.set(price=draw.choice([price + draw.randrange(-2, 3), 2 * price, LARGEST, 2**62]))
        case.set(is_market=draw.random() < 0.3, side=draw.choice([1, -1]))
        if case.order.is_market:
            case.order.price = 0
        case.set(quantity=draw.choice([10, 2**20, 2**50, NO_LIMIT, LARGEST, LARGEST // price]))
        value = draw.choice([0, case.order.quantity * price % NO_LIMIT, NO_LIMIT - 1])
        case.set(max_order_value=value, max_position_value=max(value, NO_LIMIT - 1 - draw.randrange(9)))
        case.set(min_value=draw.choice([0, value]), position=draw.choice([0, 2**50, -(2**50), NO_LIMIT - 31]))
        seen.add(case.answer())
    assert seen >= {codes.PASSES, codes.COLLAR_MID, codes.MIN_NOTIONAL, codes.MAX_NOTIONAL, codes.MAX_POSITION_NOTIONAL}


def test_every_number_has_its_check_in_order_and_each_its_own_explanation():
    numbers = {name: number for name, number in vars(codes).items() if name.isupper() and name != "PASSES"}
    assert list(CHECKS) == sorted(numbers.values()) == list(range(1, len(CHECKS) + 1))
    assert len({explain for _, explain in CHECKS.values()}) == len(CHECKS)
    assert codes.PASSES == 0


# --------------------------------------------------------------------------------------------------- the rate


@given(st.lists(st.integers(-SECOND_NS, 20 * SECOND_NS), max_size=60), st.integers(0, 4), st.integers(1, 8))
@settings(deadline=None)
def test_compiled_and_plain_windows_pass_the_same_orders_and_remember_the_same_times(waits, second, minute):
    rates, other, times = Rates(), Rates(), [0] * minute
    rates.second.limit, rates.minute.limit = second, minute
    row, ring = row_of(rates), np.zeros(minute, np.int64)
    moments = (NOW_NS + np.cumsum(np.array([0, *waits]))).astype(np.int64)
    compiled_passes = np.zeros(len(moments), np.bool_)
    compiled_rate(row, ring, moments, compiled_passes)

    passes = []
    kept: dict[str, list[int]] = {"second": [], "minute": []}  # the windows as they are defined: queues
    for now_ns in moments.tolist():
        for name, window in (("second", rates.second), ("minute", rates.minute)):
            while kept[name] and now_ns - kept[name][0] >= window.window_ns:
                del kept[name][0]
            rate_advance(window, times, now_ns)
            assert times_of(window, times) == kept[name]
        passes.append(rates.second.count < second and rates.minute.count < minute)
        if passes[-1]:
            rate_note(rates, times, now_ns)
            kept["second"].append(now_ns)
            kept["minute"].append(now_ns)

    copy_back(row[0], other)
    assert compiled_passes.tolist() == passes
    assert times_of(other.second, ring.tolist()) == times_of(rates.second, times)
    assert times_of(other.minute, ring.tolist()) == times_of(rates.minute, times)


@pytest.mark.parametrize("limit", [0, 1, 63, 64, 65, 200])
def test_a_ring_that_grows_keeps_every_time_up_to_the_limit(limit):
    rates, times, noted = Rates(), list[int](), list[int]()
    rates.second.limit = rates.minute.limit = limit
    for step in range(3 * limit):
        now_ns = NOW_NS + step * SECOND_NS // 2
        rate_advance(rates.second, times, now_ns)
        rate_advance(rates.minute, times, now_ns)
        if rates.minute.count == limit:
            continue
        if rates.minute.count == len(times):
            rate.make_room(rates, times)
        rate_note(rates, times, now_ns)
        noted.append(now_ns)
        assert times_of(rates.minute, times) == [each for each in noted if now_ns - each < 60 * SECOND_NS]
        assert times_of(rates.second, times) == [each for each in noted if now_ns - each < SECOND_NS]
        assert len(times) <= limit


def test_an_order_of_any_size_is_valued_without_a_product():
    assert valuation_price(False, 1, LARGEST, 5, 10, 0) == LARGEST
    assert not compiled_figures(1, -LARGEST, 2, 0, 0)[2]
