"""The page of the suite is the suite's own, and the suite covers the faults that it says."""

from core.orders import OrderType
from tests.conformance import covered
from tests.conformance.binance import spot, usdm
from tests.conformance.case import CASES
from tests.conformance.table import OFFERS, PAGE, PROCESS, page

COVERED = [*range(1, 24), *range(32, 41)]


def test_the_page_is_made_from_the_suite() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.conformance.table"


def test_every_fault_of_orders_and_connections_has_a_case() -> None:
    held = {fault for one in CASES.values() for fault in one.faults}
    assert [f"F{number:02}" for number in COVERED if f"F{number:02}" not in held] == []


def test_every_move_of_an_orders_life_has_a_case_or_a_reason() -> None:
    held = {move for moves in covered.MOVES.values() for move in moves}
    assert [move for move in covered.ordinary_moves() if move not in held | set(covered.NOT_BY_A_CONNECTOR)] == []
    assert not held & set(covered.NOT_BY_A_CONNECTOR)
    assert [move for move in held if move not in covered.ordinary_moves()] == []


def test_every_order_type_has_a_case() -> None:
    assert [each for each in OrderType if each not in covered.TYPES.values()] == []
    assert [number for number in (*covered.TYPES, *covered.MOVES) if number not in CASES] == []


def test_every_case_says_in_a_sentence_what_must_hold() -> None:
    assert all(one.says.endswith(".") for one in CASES.values())


async def test_the_page_knows_what_the_venues_offer() -> None:
    for name, opened in (("spot", spot), ("usdm", usdm)):
        async with opened() as venue:
            assert venue.offers == OFFERS[name]


def test_every_fault_of_the_process_has_tests_that_are_there() -> None:
    assert list(PROCESS) == [f"F{number}" for number in range(50, 57)]
    for _, tests in PROCESS.values():
        for each in tests:
            path, name = each.split("::")
            assert f"def {name}(" in (PAGE.parents[1] / path).read_text(encoding="utf-8"), each
