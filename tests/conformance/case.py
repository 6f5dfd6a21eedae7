"""The register of cases: each is one numbered function that takes a venue that runs."""

from collections.abc import Awaitable, Callable

import msgspec

from tests.conformance.venue import Venue

Body = Callable[[Venue], Awaitable[None]]


class Case(msgspec.Struct, frozen=True):
    """One case; its function's docstring says what must hold."""

    number: int
    body: Body
    faults: tuple[str, ...]
    needs: str  # of `Venue.offers`; empty: every venue
    slow: bool
    broken: tuple[str, ...]  # venues that do not hold it yet

    @property
    def name(self) -> str:
        return f"C-{self.number:03}"

    @property
    def says(self) -> str:
        return " ".join((self.body.__doc__ or "").split())


CASES: dict[int, Case] = {}


def case(
    number: int, *faults: str, needs: str = "", slow: bool = False, broken: tuple[str, ...] = ()
) -> Callable[[Body], Body]:
    """Register a case under its number."""

    def register(body: Body) -> Body:
        assert number not in CASES, f"C-{number:03} is taken"
        CASES[number] = Case(number, body, faults, needs, slow, broken)
        return body

    return register
