"""Orders that wait: the queue before them, and when the market fills them."""

import msgspec
import pytest

from tests.connectors.sim.world import NO_LATENCY, World

BOOK = """
       | 102 | 6
       | 101 | 4
     5 | 100 |
     7 |  99 |
    11 |  98 |
"""
WIDE = """
       | 105 | 4
     5 | 100 |
     7 |  99 |
"""


@pytest.fixture
def world() -> World:
    """A book and a ticker of the same moment."""
    world = World()
    world.draw(BOOK)
    world.quote("5 @ 100 | 101 @ 4", update_id=1)
    return world


def accepted(world: World, *orders: str) -> None:
    """Send orders and hear nothing but that they stand."""
    world.send(*orders)
    assert [f"{order[0]} accepted" for order in orders] == world.heard()


# -- trades at our price -------------------------------------------------------------------------------------------


def test_a_trade_at_our_price_serves_the_queue_first(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")  # behind the 5 that are displayed
    world.trade("sell 5 @ 100")
    world.hears()
    world.trade("sell 2 @ 100")
    world.hears("A filled 2 @ 100 maker")
    world.trade("sell 2 @ 100")
    world.hears("A filled 1 @ 100 maker")


def test_one_trade_may_finish_the_queue_and_fill_us(world: World) -> None:
    accepted(world, "A: sell 3 @ 101")  # behind 4
    world.trade("buy 6 @ 101")
    world.hears("A filled 2 @ 101 maker")


@pytest.mark.parametrize(
    ("order", "trade"),
    [
        ("A: buy 3 @ 100", "buy 50 @ 100"),  # buyers do not hit bids
        ("A: sell 3 @ 101", "sell 50 @ 101"),
        ("A: buy 3 @ 99", "sell 50 @ 100"),  # a better price than ours
        ("A: sell 3 @ 102", "buy 50 @ 101"),
    ],
)
def test_a_trade_that_cannot_have_met_us_fills_nothing(world: World, order: str, trade: str) -> None:
    accepted(world, order)
    world.trade(trade)
    world.hears()


def test_trades_outside_the_market_fill_nothing(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.trade("sell 50 @ 90", not_market=True)
    world.hears()


def test_a_trade_that_the_venues_clock_puts_before_our_joining_fills_nothing() -> None:
    world = World()
    world.quote("5 @ 98 | 101 @ 4", venue_ns=2_000)
    accepted(world, "A: buy 3 @ 100")
    world.trade("sell 9 @ 99", venue_ns=1_999)
    world.hears()
    world.trade("sell 9 @ 99", venue_ns=2_000)
    world.hears("A filled 3 @ 100 maker")


# -- trades through our price --------------------------------------------------------------------------------------


def test_a_trade_through_our_price_fills_at_our_price_up_to_its_quantity(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.trade("sell 2 @ 99")
    world.hears("A filled 2 @ 100 maker")
    world.trade("sell 2 @ 98")
    world.hears("A filled 1 @ 100 maker")


def test_a_trade_through_the_price_of_two_of_our_orders_ends_both_queues(world: World) -> None:
    accepted(world, "A: buy 1 @ 100", "B: buy 1 @ 99")  # B behind 7
    world.trade("sell 1 @ 98")
    world.trade("sell 1 @ 99")
    world.hears("A filled 1 @ 100 maker", "B filled 1 @ 99 maker")


def test_after_a_trade_through_our_price_nobody_is_ahead(world: World) -> None:
    accepted(world, "A: buy 9 @ 100")
    world.trade("sell 1 @ 99")
    world.trade("sell 1 @ 100")
    world.hears("A filled 1 @ 100 maker", "A filled 1 @ 100 maker")


def test_our_orders_share_one_trade_by_price_and_then_by_time(world: World) -> None:
    accepted(world, "A: buy 2 @ 98", "B: buy 2 @ 99", "C: buy 2 @ 100", "D: buy 2 @ 99")
    world.trade("sell 5 @ 97")
    world.hears("C filled 2 @ 100 maker", "B filled 2 @ 99 maker", "D filled 1 @ 99 maker")


def test_our_orders_at_one_price_never_get_more_than_was_traded(world: World) -> None:
    accepted(world, "A: buy 2 @ 100", "B: buy 2 @ 100")  # each behind the same 5
    world.trade("sell 8 @ 100")
    world.hears("A filled 2 @ 100 maker", "B filled 1 @ 100 maker")


# -- what the venue displays at our price --------------------------------------------------------------------------


def test_cancellations_are_credited_only_below_what_we_believe_ahead(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")  # 5 ahead
    world.quote("12 @ 100 | 101 @ 4")  # 7 joined behind us
    world.quote("6 @ 100 | 101 @ 4")  # 6 cancelled: all of them may have stood behind us
    world.trade("sell 5 @ 100")
    world.hears()
    world.trade("sell 1 @ 100")
    world.hears("A filled 1 @ 100 maker")


def test_a_queue_is_never_longer_than_what_is_displayed(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.quote("2 @ 100 | 101 @ 4")  # 3 of the 5 ahead have gone
    world.wait(NO_LATENCY.print_lag_ns + 1)  # and no trade was printed: they cancelled
    world.trade("sell 3 @ 100")
    world.hears("A filled 1 @ 100 maker")


def test_a_trade_that_the_quote_showed_first_moves_the_queue_once(world: World) -> None:
    """Binance prints six in ten spot trades after the ticker that already shows them."""
    accepted(world, "A: buy 3 @ 100")  # 5 ahead
    world.quote("2 @ 100 | 101 @ 4")
    world.trade("sell 3 @ 100")  # the print of what the quote has shown: 2 stay ahead
    world.hears()
    world.trade("sell 3 @ 100")
    world.hears("A filled 1 @ 100 maker")


def test_nobody_is_ahead_once_the_touch_has_fallen_behind_our_price(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.quote("7 @ 99 | 101 @ 4")
    world.wait(NO_LATENCY.print_lag_ns + 1)
    world.trade("sell 2 @ 100")
    world.hears("A filled 2 @ 100 maker")


def test_nobody_is_ahead_of_a_sell_once_all_other_sellers_have_gone(world: World) -> None:
    accepted(world, "A: sell 3 @ 101")
    world.quote("5 @ 100 | -")
    world.wait(NO_LATENCY.print_lag_ns + 1)
    world.trade("buy 2 @ 101")
    world.hears("A filled 2 @ 101 maker")


def test_an_order_inside_the_spread_has_nobody_ahead() -> None:
    world = World()
    world.quote("5 @ 100 | 104 @ 4")
    accepted(world, "A: buy 3 @ 102")
    world.trade("sell 2 @ 102")
    world.hears("A filled 2 @ 102 maker")


def test_behind_the_touch_the_queue_is_what_the_book_shows(world: World) -> None:
    accepted(world, "A: buy 3 @ 99")  # behind 7
    world.trade("sell 8 @ 99")
    world.hears("A filled 1 @ 99 maker")


def test_behind_the_touch_the_book_shortens_the_queue(world: World) -> None:
    accepted(world, "A: buy 3 @ 99")
    world.depth(("bid", 99, 2))
    world.wait(NO_LATENCY.print_lag_ns + 1)
    world.trade("sell 3 @ 99")
    world.hears("A filled 1 @ 99 maker")


def test_a_book_older_than_our_joining_does_not_shorten_the_queue() -> None:
    world = World()
    world.draw(BOOK)
    world.quote("7 @ 99 | 101 @ 4", update_id=50)
    accepted(world, "A: buy 3 @ 99")
    world.quote("1 @ 100 | 101 @ 4", update_id=51)  # we are behind the touch now
    world.depth(("bid", 99, 2), update_id=49)
    world.wait(NO_LATENCY.print_lag_ns + 1)
    world.trade("sell 7 @ 99")
    world.hears()


def test_without_a_book_the_queue_behind_the_touch_is_unknown_until_it_is_shown() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    accepted(world, "A: buy 3 @ 99")
    world.trade("sell 900 @ 99")
    world.hears()
    world.quote("8 @ 99 | 101 @ 4")
    world.trade("sell 9 @ 99")
    world.hears("A filled 1 @ 99 maker")


def test_where_the_touch_went_past_a_price_unseen_by_the_book_the_queue_is_unknown_until_it_is_shown() -> None:
    world = World()
    world.draw(WIDE)
    world.quote("5 @ 100 | 105 @ 4", update_id=5)
    world.quote("9 @ 102 | 105 @ 4", update_id=9)
    world.quote("2 @ 103 | 105 @ 4", update_id=12)
    accepted(world, "A: buy 3 @ 102")  # the book's best is 100: it has not heard of the 9
    world.trade("sell 50 @ 102")
    world.depth(("bid", 102, 8), update_id=11)  # older than the ticker at our joining
    world.trade("sell 50 @ 102")
    world.hears()
    world.depth(("bid", 102, 7), update_id=12)
    world.trade("sell 8 @ 102")
    world.hears("A filled 1 @ 102 maker")


def test_a_price_that_a_book_as_new_as_the_ticker_leaves_empty_has_nobody_ahead() -> None:
    world = World()
    world.draw(WIDE)
    world.quote("2 @ 103 | 105 @ 4", update_id=1)
    accepted(world, "A: buy 3 @ 102")
    world.trade("sell 2 @ 102")
    world.hears("A filled 2 @ 102 maker")


def test_beyond_the_depth_of_the_book_the_queue_is_unknown(world: World) -> None:
    accepted(world, "A: buy 3 @ 90")
    world.trade("sell 900 @ 90")
    world.hears()
    world.trade("sell 2 @ 89")
    world.hears("A filled 2 @ 90 maker")


def test_beyond_the_depth_of_the_book_the_sellers_ahead_are_unknown(world: World) -> None:
    accepted(world, "A: sell 3 @ 103")
    world.trade("buy 900 @ 103")
    world.hears()


# -- the other side comes to us ------------------------------------------------------------------------------------


def test_a_quote_through_our_price_fills_us_as_maker_at_our_price(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.quote("7 @ 98 | 99 @ 2")
    world.hears("A filled 2 @ 100 maker")
    world.quote("7 @ 98 | 99 @ 2")  # the same two: they were ours
    world.hears()
    world.quote("7 @ 98 | 99 @ 5")
    world.hears("A filled 1 @ 100 maker")


def test_a_quote_at_our_price_from_the_other_side_fills_us(world: World) -> None:
    accepted(world, "A: sell 3 @ 101")
    world.quote("9 @ 101 | 102 @ 6")
    world.hears("A filled 3 @ 101 maker")


def test_our_orders_share_the_quantity_that_comes_to_us(world: World) -> None:
    accepted(world, "A: buy 3 @ 99", "B: buy 3 @ 100")
    world.quote("7 @ 97 | 98 @ 4")
    world.hears("B filled 3 @ 100 maker", "A filled 1 @ 99 maker")


def test_the_lagging_book_does_not_fill_us_where_there_are_quotes(world: World) -> None:
    world.quote("5 @ 103 | 104 @ 4")
    accepted(world, "A: buy 3 @ 102")  # the book still offers at 101
    world.depth(("ask", 101, 9))
    world.hears()


def test_without_quotes_the_book_is_the_market() -> None:
    world = World()
    world.draw(BOOK)
    accepted(world, "A: buy 3 @ 100")
    world.depth(("bid", 100, 0), ("ask", 101, 0))
    world.hears()
    world.depth(("ask", 100, 2))
    world.hears("A filled 2 @ 100 maker")


def test_without_quotes_half_a_book_message_fills_nothing() -> None:
    """A level in the middle of a message is not a market: only its last level makes it whole."""
    world = World()
    world.draw(BOOK)
    accepted(world, "A: sell 3 @ 101")
    world.depth(("bid", 101, 9), ("ask", 101, 0), ("bid", 101, 0), ("ask", 101, 4))
    world.hears()


# -- cancels and reduce-only ---------------------------------------------------------------------------------------


def test_a_cancelled_order_fills_no_more(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.trade("sell 6 @ 100")
    world.cancel("A")
    world.trade("sell 60 @ 90")
    world.hears("A filled 1 @ 100 maker", "A cancelled")


def test_a_second_cancel_is_refused(world: World) -> None:
    accepted(world, "A: buy 3 @ 100")
    world.cancel("A")
    world.cancel("A")
    world.cancel("never-sent")
    world.hears(
        "A cancelled",
        "A cancel-rejected: Unknown order sent.",
        "never-sent cancel-rejected: Unknown order sent.",
    )


def test_a_reduce_only_order_needs_a_position_to_reduce(world: World) -> None:
    world.send(
        "A: sell 1 reduce-only", "B: buy 4", "C: buy 1 reduce-only", "D: sell 5 reduce-only", "E: sell 3 reduce-only"
    )
    world.hears(
        "A rejected: ReduceOnly Order is rejected.",
        "B accepted", "B filled 4 @ 101 taker",
        "C rejected: ReduceOnly Order is rejected.",
        "D rejected: ReduceOnly Order is rejected.",
        "E accepted", "E filled 3 @ 100 taker",
    )  # fmt: skip


def test_a_reduce_only_order_may_close_the_whole_position(world: World) -> None:
    world.send("A: buy 2", "B: sell 2 @ 105 reduce-only", "C: buy 1", "D: sell 1")
    world.heard()
    world.trade("buy 9 @ 106")
    world.hears("B filled 2 @ 105 maker")


def test_a_resting_reduce_only_order_expires_rather_than_turn_the_position(world: World) -> None:
    world.send("A: buy 4", "B: sell 3 @ 105 reduce-only")
    world.heard()
    world.send("C: sell 2")
    world.hears(
        "C accepted", "C filled 2 @ 100 taker", "B expired: reduce-only: more than is left of the position"
    )  # fmt: skip
    world.cancel("B")
    world.hears("B cancel-rejected: Unknown order sent.")


def test_the_print_lag_is_a_setting() -> None:
    world = World(msgspec.structs.replace(NO_LATENCY, print_lag_ns=0))
    world.quote("5 @ 100 | 101 @ 4")
    accepted(world, "A: buy 3 @ 100")
    world.quote("2 @ 100 | 101 @ 4")
    world.trade("sell 3 @ 100")  # one nanosecond later: taken as a new trade
    world.hears("A filled 1 @ 100 maker")
