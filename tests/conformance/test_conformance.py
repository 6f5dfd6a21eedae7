"""Every case of the suite on every venue; `docs/conformance.md` is made from the same register."""

import pytest
from _pytest.mark.structures import ParameterSet

from tests.conformance import binance, cases_books, cases_clock, cases_faults, cases_life, cases_orders, covered
from tests.conformance.case import CASES
from tests.conformance.table import OFFERS
from tests.conformance.venue import Opened

VENUES: dict[str, Opened] = {"spot": binance.spot, "usdm": binance.usdm}
assert len(CASES) > 50, f"{cases_orders}, {cases_life}, {cases_faults}, {cases_books}, {cases_clock} fill the register"


def _each() -> list[ParameterSet]:
    found = []
    for number, one in sorted(CASES.items()):
        for venue in VENUES:
            if one.needs and one.needs not in OFFERS[venue]:
                continue
            # The same cases on the second market prove the connector's other half: `make soak` runs them.
            marks = [pytest.mark.slow] if one.slow or (venue == "usdm" and number % 6) else []
            if venue in one.broken:
                marks.append(pytest.mark.xfail(strict=True, reason="docs/conformance.md says so"))
            found.append(pytest.param(number, venue, id=f"{one.name}-{one.body.__name__}-{venue}", marks=marks))
    return found


@pytest.mark.parametrize(("number", "venue"), _each())
async def test_conformance(number: int, venue: str) -> None:
    seen: covered.Seen = {}
    token = covered.SEEN.set(seen)
    async with VENUES[venue]() as opened:
        await CASES[number].body(opened)
    covered.SEEN.reset(token)
    assert covered.missing(number, seen) == [], f"tests/conformance/covered.py says that it shows these; seen: {seen}"
