"""How long the gate takes for one order: with the settings' own limits, and with limits at every level beside them."""

import gc
import time

import msgspec
import numpy as np

from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState, OrderReport, ReportType
from core.ids import client_order_id
from core.money import money
from core.orders import ApprovedSubmit, OrderIntent, OrderType, Side
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.feeds import definition
from engine.build import EngineSettings, build_engine
from engine.engine import Engine
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import RiskLimits
from tests.bench.figures import Figure
from tests.bench.market import BTC, START_NS, prices

ORDERS = 20_000
STEP_NS = 20_000_000
LARGE = 10**12
OPEN = 5  # orders that work all the while

HOT = RiskLimits(max_orders_per_second=10**6, max_orders_per_minute=10**8, max_order_quantity=LARGE, max_position=LARGE)
ALL = ScopeLimits(
    max_gross_notional=LARGE,
    max_net_notional=LARGE,
    max_leverage=LARGE,
    max_concentration=LARGE,
    min_cash=1,
    max_turnover_per_day=LARGE,
    max_fees_per_day=LARGE,
    max_orders_per_day=LARGE,
    max_fills_per_day=LARGE,
    max_messages_per_second=1_000,
    max_messages_per_minute=10**6,
)
WIDE = ScopeLimits(max_gross_notional=LARGE, max_net_notional=LARGE)
SYMBOL = ScopeLimits(max_gross_notional=LARGE, max_open_notional=LARGE, max_depth_share=LARGE, max_order_value=LARGE)
STRATEGY = ScopeLimits(
    max_gross_notional=LARGE,
    max_open_orders=1_000,
    max_open_notional=LARGE,
    max_orders_per_second=1_000,
    max_orders_per_day=LARGE,
    max_turnover_per_day=LARGE,
    duplicate_window_ms=1,
    order_types=tuple(OrderType),
    instruments=(BTC.id,),
    no_short=False,
)
CONTROLS = ControlSettings(
    accounts={"main": (BTC.venue,)},
    groups={"majors": (BTC.id,)},
    locates={BTC.id: LARGE},
    limits={
        "all": ALL,
        "account:main": WIDE,
        f"venue:{BTC.venue}": WIDE,
        f"class:{BTC.asset_class.value}": WIDE,
        f"currency:{BTC.base}": WIDE,
        "group:majors": WIDE,
        f"symbol:{BTC.id}": SYMBOL,
        "strategy:each": STRATEGY,
    },
)


def measure(scale: float) -> list[Figure]:
    """Return the median and the 99th percentile of one question, in microseconds."""
    count = int(ORDERS * scale)
    every = msgspec.structs.replace(HOT, controls=CONTROLS)
    scoped = sum(
        getattr(each, name) not in {None, False, ()}
        for each in CONTROLS.limits.values()
        for name in each.__struct_fields__
    )
    named = f"27 checks and {scoped + 3} limits at 8 levels"
    figures = []
    for what, limits, goals in (("27 checks", HOT, (0.0, 0.0)), (named, every, (15.0, 50.0))):
        taken_us = _taken_us(limits, count)
        for share, goal in zip((50, 99), goals, strict=True):
            value = float(np.percentile(taken_us, share))
            figures.append(Figure("gate_us", f"{what}, p{share} of {count:,}", value, "us", goal))
    return figures


def _taken_us(limits: RiskLimits, count: int) -> list[float]:
    """Return how long each question took, a quote before and the venue's answers after it."""
    engine, taken = _engine(limits), []
    for number in range(OPEN):
        _order(engine, number, BTC.lot * (number + 1), START_NS)
    gc.collect()
    gc.freeze()
    for number, price in enumerate(prices(count, 10), start=OPEN):
        now_ns = START_NS + number * STEP_NS
        engine.step((Kind.QUOTE, 0, 0, now_ns, 0, price, 10**8, price + 1, 10**8, number))
        taken.append(_order(engine, number, BTC.lot * 100, now_ns, price + 1))
    gc.unfreeze()
    return taken


def _order(engine: Engine, number: int, quantity: int, now_ns: int, price: int = 0) -> float:
    """Ask for an order and carry it out; one with a price is filled. Return how long the gate took, us."""
    gate, desk, market = engine.gate, engine.desk, engine.markets[0]
    name, side = client_order_id(1, number + 1), Side.BUY if number % 2 or not price else Side.SELL
    intent = OrderIntent(
        client_order_id=name,
        strategy_id="each",
        instrument=0,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        price=price or market.bid_price * 96 // 100 // BTC.tick * BTC.tick,
    )
    started = time.perf_counter_ns()
    verdict = gate.check_submit(intent, market, desk.manager, True, now_ns)
    taken_ns = time.perf_counter_ns() - started
    assert isinstance(verdict, ApprovedSubmit), verdict
    desk.effects.append(verdict)
    desk.manager.submit(verdict, now_ns, desk.effects)
    desk.collect()
    answers = [OrderReport(type=ReportType.ACCEPTED, client_order_id=name, venue_order_id=f"V{number}")]
    if price:
        filled = OrderReport(
            type=ReportType.FILLED,
            client_order_id=name,
            exec_id=f"E{number}",
            price=price,
            quantity=quantity,
            fee="1000000000000000",
            fee_currency="USDT",
        )
        answers.append(filled)
    for each in answers:
        engine.step(_event(Kind.REPORT, 0, now_ns, each))
    return taken_ns / 1e3


def _engine(limits: RiskLimits) -> Engine:
    """Return an engine that is READY and has seen a quote."""
    engine = build_engine(EngineSettings(epoch=1, seed=0, limits=limits, balances={"USDT": money("1000000000")}))
    engine.step(definition(0, BTC, START_NS))
    connected = FeedChanged(venue=BTC.venue, state=FeedState.CONNECTED)
    engine.step(_event(Kind.FEED, NO_INSTRUMENT, START_NS, connected))
    engine.step(_event(Kind.LIFECYCLE, NO_INSTRUMENT, START_NS, LifecycleChanged(LifecycleState.READY)))
    first = prices(1, 10)[0]
    engine.step((Kind.QUOTE, 0, 0, START_NS, 0, first, 10**8, first + 1, 10**8, 1))
    return engine


def _event(kind: Kind, index: int, now_ns: int, payload: object) -> Event:
    return (kind, 0, index, now_ns, 0, payload, 0, 0, 0, 0)
