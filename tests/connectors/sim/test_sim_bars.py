"""Markets of which only bars are known: trading at opens, resting orders served by lows and highs."""

import msgspec
import pytest

from connectors.sim import SimSettings
from core.orders import ApprovedSubmit
from core.records import Event, Kind
from tests.connectors.sim.world import NO_LATENCY, World, order

MINUTE_NS = 60_000_000_000


class BarWorld(World):
    """A world of bars of one minute; `now_ns` starts at a bar's opening."""

    def open(self, opened: int, high: int, low: int, close: int, pause_ns: int = 0) -> None:
        """Open a bar at the present time, or after a pause; the last one has closed by then."""
        self.now_ns += pause_ns
        event: Event = (
            Kind.BAR, 7, 0, self.now_ns + MINUTE_NS, self.now_ns, opened, high, low, close, 1_000
        )  # fmt: skip
        self.venue.open_bar(event)

    def close(self) -> None:
        """Let the minute pass."""
        self.wait(MINUTE_NS)


def world_of(**changes: object) -> BarWorld:
    world = BarWorld(msgspec.structs.replace(NO_LATENCY, **changes))
    world.open(100, 100, 100, 100)
    return world


def test_an_order_trades_whole_at_the_open_of_the_bar_in_which_it_arrives() -> None:
    world = world_of()
    world.send("A: buy 1000000")
    world.hears("A accepted", "A filled 1000000 @ 100 taker")


def test_an_order_sent_at_a_close_trades_at_the_next_open() -> None:
    world = world_of()
    world.now_ns += MINUTE_NS - 1
    world.wait(1)
    command = ApprovedSubmit(intent=order("A: buy 5"), reference_price=100, limits_version=1)
    world.venue.submit(command, world.now_ns)
    world.open(103, 105, 99, 104)
    world.wait(1)
    world.hears("A accepted", "A filled 5 @ 103 taker")


def test_orders_between_bars_wait_for_the_next_open() -> None:
    world = world_of()
    world.close()
    world.send("A: buy 5", "B: buy 5 @ 101", "C: sell 5 @ 104 ioc", "D: sell 2 @ 100", "E: buy 5")
    world.hears("A accepted", "B accepted", "C accepted", "D accepted", "E accepted")
    world.cancel("E")
    world.open(103, 105, 99, 104, pause_ns=MINUTE_NS)
    world.hears(
        "E cancelled",
        "A filled 5 @ 103 taker",
        "D filled 2 @ 103 taker",
        "C expired: immediate or cancel: no more within the limit",
    )
    world.close()
    world.hears("B filled 5 @ 101 maker")


def test_takers_pay_half_a_spread_rounded_outward() -> None:
    world = world_of(bar_half_spread_ppm=5_000)
    world.send("A: buy 1", "B: sell 1")
    world.hears("A accepted", "A filled 1 @ 101 taker", "B accepted", "B filled 1 @ 99 taker")


def test_a_bar_that_trades_through_a_limit_fills_it_whole_at_its_close_and_not_before() -> None:
    world = world_of()
    world.send("A: buy 9 @ 97", "B: sell 9 @ 104", "C: buy 9 @ 96")
    world.heard()
    world.close()
    world.open(100, 105, 96, 100)
    world.wait(MINUTE_NS - 1)
    world.hears()
    world.wait(1)
    world.hears("A filled 9 @ 97 maker", "B filled 9 @ 104 maker")


def test_a_bar_that_only_reaches_a_limit_fills_it_where_the_settings_say_so() -> None:
    world = world_of(bar_touch_fills=True)
    world.send("A: buy 9 @ 97")
    world.heard()
    world.close()
    world.open(100, 105, 97, 100)
    world.close()
    world.hears("A filled 9 @ 97 maker")


def test_a_bar_that_opens_through_a_limit_fills_it_at_the_open() -> None:
    world = world_of()
    world.send("A: buy 9 @ 97")
    world.heard()
    world.close()
    world.open(95, 105, 95, 100)
    world.hears("A filled 9 @ 97 maker")


def test_a_bar_does_not_serve_who_joined_long_after_its_opening() -> None:
    world = world_of()
    world.close()
    world.open(100, 105, 96, 100)
    world.wait(2_000_000_000)
    world.send("A: buy 9 @ 97")
    world.close()
    world.hears("A accepted")


@pytest.mark.parametrize("response_ns", [0, 2_000_000])
def test_a_fill_inside_a_bar_is_known_when_the_bar_is(response_ns: int) -> None:
    world = BarWorld(SimSettings(entry_latency_ns=0, response_latency_ns=response_ns))
    world.open(100, 105, 96, 100)
    closes_ns = world.now_ns + MINUTE_NS
    world.send("A: buy 9 @ 97")
    world.wait(response_ns)
    world.hears("A accepted")
    assert world.venue.next_due_ns() == closes_ns - response_ns
    world.venue.advance(closes_ns)
    assert [due_ns for due_ns, _, _ in world.venue.poll(closes_ns)] == [closes_ns]
    assert world.venue.next_due_ns() == 0


def test_a_bar_is_served_once_even_where_the_next_opens_before_time_passes() -> None:
    world = world_of()
    world.send("A: buy 9 @ 97")
    world.close()
    world.open(100, 105, 96, 100)
    world.now_ns += MINUTE_NS
    world.open(100, 100, 100, 100)
    world.close()
    world.hears("A accepted", "A filled 9 @ 97 maker")


def test_where_quotes_are_known_bars_serve_nobody() -> None:
    world = BarWorld()
    world.quote("5 @ 100 | 101 @ 4")
    world.open(110, 120, 90, 100)
    world.send("A: buy 1", "B: buy 1 @ 99")
    world.close()
    world.hears("A accepted", "A filled 1 @ 101 taker", "B accepted")


def test_without_told_opens_the_last_close_is_the_touch() -> None:
    world = World()
    world.market.bar_price, world.market.bar_ns = 107, world.now_ns
    world.send("A: buy 1")
    world.hears("A accepted", "A filled 1 @ 107 taker")


def test_a_withheld_book_does_not_turn_a_market_into_one_of_bars() -> None:
    world = world_of()
    world.draw("  | 102 | 4\n 5 | 100 |")
    world.market.book.invalidate()
    world.send("A: buy 1")
    world.hears("A rejected: no market: neither a quote nor a live book of ABCUSD.SIM has come")
