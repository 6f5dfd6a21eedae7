"""What the screen remembers between two statuses: one value a second for the sparklines, and when news last came."""

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from daemon.screen import words
from daemon.status import PositionStatus, Status

KEPT_S = 240


class Profit(NamedTuple):
    """Profit and fees in one currency; `net` is what is left after fees."""

    currency: str
    realised: Decimal
    unrealised: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        """Realised and unrealised profit less fees."""
        return self.realised + self.unrealised - self.fees


class History(NamedTuple):
    """What one frame shows beside the status. Rates in events/s and profits, one a second, the oldest first."""

    rates: tuple[float, ...] = ()
    profits: tuple[float, ...] = ()
    run_for_ns: int | None = None
    silent_ns: int = 0  # how long ago the daemon last said anything


class Recorder:
    """Collects the history of one run."""

    def __init__(self, run_for_ns: int | None = None) -> None:
        """Start empty; `run_for_ns` is how long the run is to last, if that is known."""
        self._run_for_ns = run_for_ns
        self._rates: deque[float] = deque(maxlen=KEPT_S)
        self._profits: deque[float] = deque(maxlen=KEPT_S)
        self._second: int | None = None

    def add(self, status: Status) -> None:
        """Take one status; within a second the last one counts."""
        profits = profits_of(status.positions)
        rate, profit = status.events_per_s, float(profits[0].net) if profits else 0.0
        second = status.time_ns // words.SECOND_NS
        if second == self._second:
            self._rates[-1], self._profits[-1] = rate, profit
        else:
            self._second = second
            self._rates.append(rate)
            self._profits.append(profit)

    def history(self, silent_ns: int = 0) -> History:
        """Return what is remembered now."""
        return History(tuple(self._rates), tuple(self._profits), self._run_for_ns, silent_ns)


def profits_of(positions: list[PositionStatus]) -> list[Profit]:
    """Return profit and fees by currency, in the order in which the positions name them."""
    currencies = dict.fromkeys(position.currency for position in positions)
    return [
        Profit(
            currency,
            words.total(p.realised for p in positions if p.currency == currency),
            words.total(p.unrealised for p in positions if p.currency == currency),
            words.total(p.fees for p in positions if p.currency == currency),
        )
        for currency in currencies
    ]
