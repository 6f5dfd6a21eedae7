"""The page of the suite is the suite's own, and the suite covers the faults that it says."""

from tests.conformance.binance import spot, usdm
from tests.conformance.case import CASES
from tests.conformance.table import ELSEWHERE, OFFERS, PAGE, page

COVERED = [*range(1, 24), *range(32, 41)]


def test_the_page_is_made_from_the_suite() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.conformance.table"


def test_every_fault_of_orders_and_connections_has_a_case_or_a_place() -> None:
    held = {fault for one in CASES.values() for fault in one.faults} | set(ELSEWHERE)
    assert [f"F{number:02}" for number in COVERED if f"F{number:02}" not in held] == []


def test_every_case_says_in_a_sentence_what_must_hold() -> None:
    assert all(one.says.endswith(".") for one in CASES.values())


async def test_the_page_knows_what_the_venues_offer() -> None:
    for name, opened in (("spot", spot), ("usdm", usdm)):
        async with opened() as venue:
            assert venue.offers == OFFERS[name]
