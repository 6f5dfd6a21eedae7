"""Sessions, halts and auctions: when orders are taken, when they wait, and at which price those that waited trade."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import MissingSessions
from connectors.sim.hours import Hours, begin_hours, change_hours, hours_due, is_matching
from connectors.sim.hours_settings import AuctionModel, HoursSettings, OutsideModel
from connectors.sim.settings import SimSettings, uncompilable
from core.clock import NEVER
from core.records import Event, Kind
from tests.connectors.sim.world import NO_LATENCY, PLAIN, World

START_NS = 1_723_161_255_000_000_000  # where a world begins
SECOND_NS = 1_000_000_000
WAIT, PRINT = OutsideModel.WAIT, AuctionModel.PRINT


def world_of(
    sessions: tuple[tuple[int, int], ...] = (), halts: tuple[tuple[int, int], ...] = (), **fields: object
) -> World:
    """A world whose sessions and halts are told in seconds from its start."""

    def spans(rows: tuple[tuple[int, int], ...]) -> dict[str, tuple[tuple[int, int], ...]]:
        moved = tuple((START_NS + first * SECOND_NS, START_NS + second * SECOND_NS) for first, second in rows)
        return {PLAIN.id: moved} if rows else {}

    hours = HoursSettings(sessions=spans(sessions), halts=spans(halts), **fields)  # type: ignore[arg-type]
    return World(msgspec.structs.replace(NO_LATENCY, hours=hours))


def pass_to(world: World, seconds: float) -> None:
    world.wait(START_NS + int(seconds * SECOND_NS) - world.now_ns)


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_outside_of_sessions_orders_are_refused_in_the_venues_words():
    world = world_of(sessions=((10, 20),))
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 1 @ 101")
    world.hears("A rejected: Market is closed.")
    pass_to(world, 10)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("B: buy 1 @ 101")
    world.hears("B accepted", "B filled 1 @ 101 taker")
    pass_to(world, 20)
    world.send("C: buy 1 @ 101")
    world.hears("C rejected: Market is closed.")


def test_an_order_of_the_very_opening_is_taken_and_one_of_the_very_close_is_not():
    world = world_of(sessions=((10, 20),))
    world.quote("5 @ 100 | 101 @ 5")
    pass_to(world, 10)
    world.send("A: buy 1 @ 90")
    pass_to(world, 20)
    world.send("B: buy 1 @ 90")
    world.hears("A accepted", "B rejected: Market is closed.")


def test_what_rests_stays_overnight_and_nothing_of_it_is_matched():
    world = world_of(sessions=((0, 10), (20, 30)))
    world.quote("5 @ 100 | 102 @ 5")
    world.send("A: buy 1 @ 101")
    pass_to(world, 10)
    world.quote("5 @ 95 | 96 @ 5")
    world.trade("sell 9 @ 96")
    world.hears("A accepted")
    pass_to(world, 20)
    world.hears()
    world.quote("5 @ 95 | 96 @ 5")
    world.hears("A filled 1 @ 101 maker")


def test_a_cancel_is_taken_while_the_market_is_closed():
    world = world_of(sessions=((0, 10),))
    world.quote("5 @ 100 | 102 @ 5")
    world.send("A: buy 1 @ 101")
    pass_to(world, 15)
    world.cancel("A")
    world.hears("A accepted", "A cancelled")


def test_orders_may_wait_for_the_open_and_trade_at_the_first_touch_that_is_seen_then():
    world = world_of(sessions=((10, 20),), closed=WAIT)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 2", "B: sell 1 @ 120")
    world.hears("A accepted", "B accepted")
    pass_to(world, 10)
    world.hears()
    world.quote("5 @ 109 | 110 @ 5")
    world.hears("A filled 2 @ 110 taker")
    world.quote("5 @ 121 | 122 @ 5")
    world.hears("B filled 1 @ 120 maker")


def test_an_order_that_waits_can_be_cancelled():
    world = world_of(sessions=((10, 20),), closed=WAIT)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 2")
    world.cancel("A")
    world.hears("A accepted", "A cancelled")


def test_orders_are_let_in_so_long_before_the_open_as_the_call_lasts():
    world = world_of(sessions=((10, 20),), opening_call_ns=4 * SECOND_NS)
    world.quote("5 @ 100 | 101 @ 5")
    pass_to(world, 5)
    world.send("A: buy 1")
    pass_to(world, 6)
    world.send("B: buy 1")
    world.hears("A rejected: Market is closed.", "B accepted")


def test_a_fill_or_kill_order_finds_nothing_while_nothing_is_matched():
    world = world_of(sessions=((10, 20),), closed=WAIT)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 1 @ 101 fok")
    world.hears("A accepted", "A expired: fill or kill: the book holds less")


# -- halts -------------------------------------------------------------------------------------------------------------


def test_during_a_halt_nothing_is_matched_and_new_orders_wait():
    world = world_of(halts=((10, 20),))
    world.quote("5 @ 100 | 102 @ 5")
    world.send("A: buy 1 @ 101")
    pass_to(world, 10)
    world.quote("5 @ 95 | 96 @ 5")
    world.send("B: buy 1")
    world.hears("A accepted", "B accepted")
    pass_to(world, 20)
    world.quote("5 @ 97 | 98 @ 5")
    world.hears("B filled 1 @ 98 taker", "A filled 1 @ 101 maker")


def test_a_venue_may_refuse_orders_during_a_halt():
    world = world_of(halts=((10, 20),), halted=OutsideModel.REFUSE)
    world.quote("5 @ 100 | 101 @ 5")
    pass_to(world, 12)
    world.send("A: buy 1")
    world.hears("A rejected: Trading is halted.")


def test_a_session_that_opens_in_a_halt_opens_when_trading_resumes():
    world = world_of(sessions=((10, 30),), halts=((5, 20),), closed=WAIT)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 1")
    pass_to(world, 10)
    world.quote("5 @ 100 | 101 @ 5")
    world.hears("A accepted")
    pass_to(world, 20)
    world.quote("5 @ 100 | 101 @ 5")
    world.hears("A filled 1 @ 101 taker")


# -- auctions ----------------------------------------------------------------------------------------------------------


def test_orders_that_wait_for_the_open_fill_whole_at_the_first_trade_of_the_session():
    world = world_of(sessions=((10, 20),), closed=WAIT, auction=PRINT)
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 900", "B: buy 3 @ 104", "C: sell 2 @ 103", "D: buy 1 @ 102")
    pass_to(world, 10)
    world.quote("5 @ 110 | 111 @ 5")
    world.hears("A accepted", "B accepted", "C accepted", "D accepted")
    world.trade("buy 7 @ 103")
    world.hears("A filled 900 @ 103 taker", "B filled 3 @ 103 taker", "C filled 2 @ 103 taker")


def test_an_order_that_rested_from_the_day_before_gets_the_better_price_of_the_auction():
    world = world_of(sessions=((0, 10), (20, 30)), auction=PRINT)
    world.quote("5 @ 99 | 105 @ 5")
    world.send("A: buy 1 @ 101", "B: buy 1 @ 98")
    pass_to(world, 20)
    world.trade("sell 1 @ 98")
    world.hears("A accepted", "B accepted", "A filled 1 @ 98 taker")  # who stands before B at 98 is not known


def test_an_opening_without_a_print_becomes_an_opening_at_the_touch():
    world = world_of(sessions=((10, 100),), closed=WAIT, auction=PRINT, print_wait_ns=5 * SECOND_NS)
    world.send("A: buy 1")
    pass_to(world, 10)
    world.quote("5 @ 99 | 105 @ 5")
    pass_to(world, 15)
    world.hears("A accepted", "A filled 1 @ 105 taker")


def test_in_the_call_before_the_close_orders_wait_and_fill_at_the_first_trade_after_it():
    world = world_of(sessions=((0, 10),), auction=PRINT, closing_call_ns=2 * SECOND_NS)
    world.quote("5 @ 99 | 101 @ 5")
    pass_to(world, 8)
    world.quote("5 @ 99 | 101 @ 5")
    world.send("A: buy 5", "B: sell 1 @ 120")
    world.trade("buy 1 @ 101")
    world.hears("A accepted", "B accepted")
    pass_to(world, 10)
    world.send("C: buy 1")
    world.trade("buy 800 @ 102")
    world.hears("C rejected: Market is closed.", "A filled 5 @ 102 taker")
    world.trade("buy 1 @ 130")
    world.hears()


def test_a_closing_auction_without_a_print_lets_market_orders_expire():
    world = world_of(sessions=((0, 10),), auction=PRINT, closing_call_ns=2 * SECOND_NS, print_wait_ns=SECOND_NS)
    world.quote("5 @ 99 | 101 @ 5")
    pass_to(world, 8)
    world.send("A: buy 5", "B: sell 1 @ 120")
    pass_to(world, 11)
    world.hears("A accepted", "B accepted", "A expired: market order: the book holds no more")
    world.trade("buy 1 @ 102")
    world.hears()


def test_the_close_of_the_last_bar_is_the_official_close_where_there_are_only_bars():
    world = world_of(sessions=((0, 60),), auction=PRINT, closing_call_ns=10 * SECOND_NS)
    bar: Event = (Kind.BAR, 7, 0, START_NS + 60 * SECOND_NS, START_NS, 100, 110, 90, 107, 5)
    world.venue.open_bar(bar)
    pass_to(world, 55)
    world.send("A: buy 5")
    pass_to(world, 60)
    world.market.bar_price, world.market.bar_ns = 107, world.now_ns
    world.venue.on_bar(bar)
    world.hears("A accepted", "A filled 5 @ 107 taker")


def test_where_there_are_only_bars_the_open_is_the_auctions_price():
    world = world_of(sessions=((0, 60), (120, 240)), closed=WAIT, auction=PRINT)
    first: Event = (Kind.BAR, 7, 0, START_NS + 60 * SECOND_NS, START_NS, 100, 110, 90, 107, 5)
    world.venue.open_bar(first)
    pass_to(world, 100)
    world.send("A: buy 5", "B: buy 1 @ 100")
    second: Event = (Kind.BAR, 7, 0, START_NS + 180 * SECOND_NS, START_NS + 120 * SECOND_NS, 105, 110, 95, 107, 5)
    pass_to(world, 119)
    world.venue.open_bar(second)
    pass_to(world, 120)
    world.hears("A accepted", "B accepted", "A filled 5 @ 105 taker")
    pass_to(world, 180)
    world.hears("B filled 1 @ 100 maker")  # it rests from the opening on, and the bar's low went through it


# -- the tables --------------------------------------------------------------------------------------------------------

TIMES = st.lists(st.integers(1, 1_000), min_size=2, max_size=20, unique=True).map(sorted)


@given(TIMES, TIMES, st.integers(0, 1_000))
def test_what_holds_at_a_time_is_the_same_whether_it_was_lived_up_to_or_begun_at(opens, halts, begin):
    def hours() -> Hours:
        sessions, spans = (
            list(zip(opens[::2], opens[1::2], strict=False)),
            list(zip(halts[::2], halts[1::2], strict=False)),
        )
        return Hours(
            has_sessions=True,
            count=len(sessions),
            opens=[first for first, _ in sessions],
            closes=[second for _, second in sessions],
            halt_count=len(spans),
            halts=[first for first, _ in spans],
            resumes=[second for _, second in spans],
        )

    lived, begun = hours(), hours()
    begin_hours(lived, 0)
    while hours_due(lived) <= begin:
        assert change_hours(lived, begin) > 0
    begin_hours(begun, begin)
    assert lived == begun
    inside = any(first <= begin < second for first, second in zip(opens[::2], opens[1::2], strict=False))
    halted = any(first <= begin < second for first, second in zip(halts[::2], halts[1::2], strict=False))
    assert is_matching(begun) == (inside and not halted)


def test_after_the_last_session_it_stays_closed():
    world = world_of(sessions=((1, 2),))
    pass_to(world, 10)
    assert world.venue.next_due_ns() == 0
    world.quote("5 @ 100 | 101 @ 5")
    world.send("A: buy 1")
    world.hears("A rejected: Market is closed.")
    assert hours_due(Hours()) == NEVER


def test_an_instrument_whose_calendar_has_no_sessions_is_told_how_to_make_them():
    share = msgspec.structs.replace(PLAIN, calendar="XNYS")
    settings = msgspec.structs.replace(NO_LATENCY, hours=HoursSettings(sessions={"XETR": ((1, 2),)}))
    with pytest.raises(MissingSessions, match=r"research\.calendars XNYS"):
        World(settings, share)


def test_sessions_of_a_calendar_hold_for_its_instruments_and_nobody_elses():
    share = msgspec.structs.replace(PLAIN, calendar="XNYS")
    settings = msgspec.structs.replace(NO_LATENCY, hours=HoursSettings(sessions={"XNYS": ((1, 2),)}))
    for instrument, answer in ((share, "A rejected: Market is closed."), (PLAIN, "A accepted")):
        world = World(settings, instrument)
        world.quote("5 @ 100 | 101 @ 5")
        world.send("A: buy 1 @ 50")
        world.hears(answer)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sessions": {"A": ((5, 3),)}}, "out of order"),
        ({"sessions": {"A": ((1, 3), (2, 4))}}, "out of order"),
        ({"sessions": {"A": ()}}, "has no row"),
        ({"opening_call_ns": -1}, "opening_call_ns"),
        ({"closing_call_ns": 1}, "auction"),
        ({"print_wait_ns": 0}, "above 0"),
    ],
)
def test_hours_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        HoursSettings(**fields)


def test_tables_of_hours_are_named_as_what_only_the_python_venue_runs():
    hours = HoursSettings(sessions={"A": ((1, 2),)}, halts={"A": ((1, 2),)})
    assert uncompilable(SimSettings(hours=hours)) == ["hours.sessions", "hours.halts"]
