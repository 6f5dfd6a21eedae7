"""Orders that trade at once: what they meet, how far they walk, what becomes of the rest."""

import msgspec
import pytest

from core.instruments import AssetClass, Instrument
from tests.connectors.sim.world import PLAIN, World, order

BOOK = """
       | 103 | 9
       | 102 | 6
       | 101 | 4
     5 | 100 |
     7 |  99 |
    11 |  98 |
"""


@pytest.fixture
def world() -> World:
    """Only a book: no quotes have come."""
    world = World()
    world.draw(BOOK)
    return world


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("A: buy 3", ["A accepted", "A filled 3 @ 101 taker"]),
        ("A: buy 12", ["A accepted", "A filled 4 @ 101 taker", "A filled 6 @ 102 taker", "A filled 2 @ 103 taker"]),
        ("A: sell 6", ["A accepted", "A filled 5 @ 100 taker", "A filled 1 @ 99 taker"]),
        ("A: buy 4 @ 101", ["A accepted", "A filled 4 @ 101 taker"]),
        ("A: buy 4 @ 103", ["A accepted", "A filled 4 @ 101 taker"]),
        ("A: buy 6 @ 101", ["A accepted", "A filled 4 @ 101 taker"]),
        ("A: sell 13 @ 99", ["A accepted", "A filled 5 @ 100 taker", "A filled 7 @ 99 taker"]),
        ("A: buy 4 @ 100", ["A accepted"]),
        ("A: buy 10 @ 102 fok", ["A accepted", "A filled 4 @ 101 taker", "A filled 6 @ 102 taker"]),
        ("A: buy 11 @ 102 fok", ["A accepted", "A expired: fill or kill: the book holds less"]),
        ("A: sell 23 fok", ["A accepted", *(f"A filled {n} @ {p} taker" for n, p in ((5, 100), (7, 99), (11, 98)))]),
        ("A: sell 24 fok", ["A accepted", "A expired: fill or kill: the book holds less"]),
    ],
)
def test_an_order_walks_the_levels_within_its_limit(world: World, sent: str, expected: list[str]) -> None:
    world.send(sent)
    world.hears(*expected)


def test_a_market_order_larger_than_the_book_expires_with_the_rest(world: World) -> None:
    world.send("A: buy 20")
    heard = world.heard()
    assert heard[1:4] == ["A filled 4 @ 101 taker", "A filled 6 @ 102 taker", "A filled 9 @ 103 taker"]
    assert heard[4:] == ["A expired: market order: the book holds no more"]


def test_an_immediate_or_cancel_order_expires_with_the_rest(world: World) -> None:
    world.send("A: buy 6 @ 101 ioc", "B: buy 6 @ 100 ioc")
    world.hears(
        "A accepted", "A filled 4 @ 101 taker", "A expired: immediate or cancel: no more within the limit",
        "B accepted", "B expired: immediate or cancel: no more within the limit",
    )  # fmt: skip


def test_the_rest_of_a_limit_order_rests_at_its_price(world: World) -> None:
    world.send("A: buy 6 @ 101")
    world.heard()
    world.trade("sell 1 @ 101")
    world.hears("A filled 1 @ 101 maker")


@pytest.mark.parametrize("sent", ["A: buy 1 @ 101 post-only", "A: buy 1 @ 102 post-only", "A: sell 1 @ 100 post-only"])
def test_a_post_only_order_that_would_take_is_refused(world: World, sent: str) -> None:
    world.send(sent)
    world.hears("A rejected: Order would immediately match and take.")


def test_a_post_only_order_inside_the_spread_rests() -> None:
    world = World()
    world.quote("5 @ 100 | 103 @ 5")
    world.send("A: buy 1 @ 102 post-only", "B: sell 1 @ 101 post-only")
    world.hears("A accepted", "B accepted")  # our own orders do not see each other


def test_what_we_took_of_a_level_is_not_there_again(world: World) -> None:
    world.send("A: buy 3", "B: buy 3")
    world.hears(
        "A accepted", "A filled 3 @ 101 taker",
        "B accepted", "B filled 1 @ 101 taker", "B filled 2 @ 102 taker",
    )  # fmt: skip


def test_a_quote_of_the_other_side_does_not_refill_what_we_took() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: buy 4")
    world.quote("6 @ 100 | 101 @ 4")
    world.heard()
    world.send("B: buy 1")
    world.hears("B accepted", "B expired: market order: the book holds no more")


def test_what_is_shown_on_top_of_what_we_took_is_new() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: buy 3")
    world.quote("5 @ 100 | 101 @ 2")  # of the 3 that we took at most 2 can still be among these
    world.quote("5 @ 100 | 101 @ 7")
    world.heard()
    world.send("B: buy 9 @ 101 ioc")
    assert "B filled 5 @ 101 taker" in world.heard()


def test_a_level_that_was_gone_comes_back_whole() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: buy 4")
    world.quote("5 @ 100 | 102 @ 4")
    world.quote("5 @ 100 | 101 @ 4")
    world.heard()
    world.send("B: buy 4")
    world.hears("B accepted", "B filled 4 @ 101 taker")


def test_a_bid_that_was_gone_comes_back_whole() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: sell 5")
    world.quote("5 @ 99 | 101 @ 4")
    world.quote("5 @ 100 | 101 @ 4")
    world.heard()
    world.send("B: sell 5")
    world.hears("B accepted", "B filled 5 @ 100 taker")


@pytest.mark.parametrize("gone", ["5 @ 100 | 102 @ 9", "5 @ 100 | -", "5 @ 100 | 101 @ 0"])
def test_nothing_is_remembered_of_a_level_that_is_gone(gone: str) -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: buy 4")
    world.quote(gone)
    _, _, matchers = world.venue.state()
    assert matchers == [(0, [4, [[], []], [[], []]])]


def test_a_deeper_level_is_whole_again_once_the_book_has_shown_it_gone(world: World) -> None:
    world.send("A: buy 10 @ 102")
    world.depth(("ask", 102, 0))
    world.depth(("ask", 102, 6))
    world.heard()
    world.send("B: buy 10 @ 102 ioc")
    assert [said for said in world.heard() if "filled" in said] == ["B filled 6 @ 102 taker"]


# -- which view ----------------------------------------------------------------------------------------------------


def test_the_quote_is_the_touch_where_the_book_lags_behind_it(world: World) -> None:
    """The market has risen: the book still offers at 101 and 102 what the ticker says is gone."""
    world.quote("3 @ 102 | 103 @ 2")
    world.send("A: buy 4 @ 103", "B: sell 5 @ 100")
    world.hears(
        "A accepted", "A filled 2 @ 103 taker",
        "B accepted", "B filled 3 @ 102 taker", "B filled 2 @ 100 taker",
    )  # fmt: skip


def test_the_touch_has_the_size_that_the_quote_shows_not_the_book(world: World) -> None:
    world.quote("5 @ 100 | 101 @ 1")
    world.send("A: buy 3")
    world.hears("A accepted", "A filled 1 @ 101 taker", "A filled 2 @ 102 taker")


def test_without_a_book_there_is_only_the_touch() -> None:
    world = World()
    world.quote("5 @ 100 | 101 @ 4")
    world.send("A: buy 9", "B: sell 9 fok")
    world.hears(
        "A accepted", "A filled 4 @ 101 taker", "A expired: market order: the book holds no more",
        "B accepted", "B expired: fill or kill: the book holds less",
    )  # fmt: skip


def test_a_withheld_book_is_no_market(world: World) -> None:
    world.market.book.invalidate()
    world.send("A: buy 1")
    world.hears("A rejected: no market: neither a quote nor a live book of ABCUSD.SIM has come")


def test_a_withheld_book_leaves_the_touch(world: World) -> None:
    world.quote("5 @ 100 | 101 @ 4")
    world.market.book.invalidate()
    world.send("A: buy 5 @ 102 ioc")
    assert [said for said in world.heard() if "filled" in said] == ["A filled 4 @ 101 taker"]


def test_nobody_on_the_other_side_leaves_nothing_to_take() -> None:
    world = World()
    world.quote("5 @ 100 | -")
    world.send("A: buy 1", "B: buy 1 @ 200")
    world.hears("A accepted", "A expired: market order: the book holds no more", "B accepted")


# -- what the venue refuses ----------------------------------------------------------------------------------------

STRICT = Instrument(
    symbol="ABCUSD",
    venue="SIM",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="ABC",
    quote="USD",
    price_precision=0,
    size_precision=0,
    tick=5,
    lot=2,
    min_quantity=4,
    max_quantity=20,
    min_notional=PLAIN.notional_factor * 500,
)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("A: buy 7 @ 100", "Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 7)"),
        ("A: buy 2 @ 100", "Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 2)"),
        ("A: buy 22 @ 100", "Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 22)"),
        ("A: buy 0 @ 100", "Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 0)"),
        ("A: buy 8 @ 101", "Filter failure: PRICE_FILTER (ABCUSD.SIM: price 101)"),
        ("A: buy 4 @ 100", "Filter failure: NOTIONAL (ABCUSD.SIM: quantity 4)"),
        ("A: sell 4", "Filter failure: NOTIONAL (ABCUSD.SIM: quantity 4)"),
        ("A: buy 8 post-only", "Unsupported order combination: post-only is for limit orders that stay (GTC)"),
        ("A: buy 8 @ 90 ioc post-only", "Unsupported order combination: post-only is for limit orders that stay (GTC)"),
    ],
)
def test_the_venue_checks_its_own_filters(sent: str, reason: str) -> None:
    world = World(instrument=STRICT)
    world.draw("  | 105 | 40\n 40 | 100 |")
    world.send(sent)
    world.hears(f"A rejected: {reason}")


def test_a_closed_market_refuses() -> None:
    closed = msgspec.structs.replace(PLAIN, tradable=False)
    world = World(instrument=closed)
    world.draw(BOOK)
    world.send("A: buy 1")
    world.hears("A rejected: Market is closed.")


def test_new_rules_hold_for_the_next_order_and_leave_the_working_ones(world: World) -> None:
    world.send("A: buy 3 @ 99")
    world.venue.define(0, STRICT, world.market)
    world.send("B: buy 3 @ 99")
    world.hears("A accepted", "B rejected: Filter failure: LOT_SIZE (ABCUSD.SIM: quantity 3)")
    world.cancel("A")
    world.hears("A cancelled")


def test_an_unknown_instrument_is_refused() -> None:
    world = World()
    world.submit(order("A: buy 1", instrument=5))
    world.hears("A rejected: Invalid symbol.")


def test_a_working_orders_id_is_not_taken_again(world: World) -> None:
    world.send("A: buy 1 @ 90", "A: buy 1 @ 91")
    world.hears("A accepted", "A rejected: Duplicate order sent.")
