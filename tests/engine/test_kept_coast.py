"""Kept orders in runs of plain events: coasting over them does what stepping them one by one does."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import NEVER
from core.effects import Effect
from core.orders import OrderType, Side, TriggerBy
from core.records import Kind
from engine.coast import coast
from risk.limits import RiskLimits
from tests.engine.scenario import LOT
from tests.engine.test_kept_orders import Play, sent

BUY, SELL = Side.BUY, Side.SELL
STEP_NS = 1_000_000

plain = st.lists(
    st.tuples(st.sampled_from(["quote", "trade", "bar", "mark"]), st.integers(99_80, 100_20)), min_size=1, max_size=20
)


def event(play, what, price):
    play.now_ns += STEP_NS
    if what == "quote":
        return (Kind.QUOTE, 0, 0, play.now_ns, 0, price - 1, LOT, price + 1, LOT, play.now_ns)
    if what == "trade":
        return (Kind.TRADE, 0, 0, play.now_ns, 0, price, LOT, play.now_ns, 0, 0)
    if what == "bar":
        return (Kind.BAR, 0, 0, play.now_ns, 0, price, price + 2, price - 2, price, LOT)
    return (Kind.MARK, 0, 0, play.now_ns, 0, price, price, 0, 0, 0)


def guarded():
    play = Play(limits=RiskLimits(max_open_orders=50, max_order_notional=1_000_000))
    play.ask(lambda me, market: me.stop(market, SELL, LOT, 99_90))
    play.ask(lambda me, market: me.stop(market, BUY, LOT, 100_10, 100_20, by=TriggerBy.MID))
    play.ask(lambda me, market: me.trail(market, SELL, LOT, distance=8, by=TriggerBy.TOUCH))
    play.ask(lambda me, market: me.oco(market, SELL, LOT, limit=100_15, stop=99_85))
    return play


@settings(max_examples=30)
@given(plain)
def test_coasting_and_stepping_release_the_same_orders(script):
    stepped, coasted = guarded(), guarded()
    events = [event(stepped, *what) for what in script]
    by_step = [effect for each in events for effect in stepped.engine.step(each)]
    coming = iter(events)
    by_coast: list[Effect] = []
    while True:
        found, effects = coast(coasted.engine, coming, NEVER)
        if found is None:
            break
        by_coast += coasted.engine.step(found) if effects is None else effects
    assert by_coast == by_step
    assert coasted.engine.digest() == stepped.engine.digest()


def test_where_there_are_only_bars_one_that_spans_the_trigger_pulls_it():
    play = Play()
    market = play.engine.markets[0]
    market.quote_ns = market.bid_price = market.ask_price = 0
    play.now_ns += STEP_NS
    play.step((Kind.BAR, 0, 0, play.now_ns, 0, 100_00, 100_02, 99_98, 100_00, LOT))
    desk = play.desk
    name = desk.stop(market, SELL, LOT, 99_50, by=TriggerBy.TOUCH)
    play.engine.settle()
    play.engine.desk.collect()
    assert sent(play.step((Kind.BAR, 0, 0, play.now_ns, 0, 100_00, 100_00, 99_51, 99_90, LOT))) == []
    bar = (Kind.BAR, 0, 0, play.now_ns, 0, 99_90, 100_00, 99_50, 99_90, LOT)
    assert sent(play.step(bar)) == [(name, SELL, OrderType.MARKET, LOT)]
