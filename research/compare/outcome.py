"""One order as it went: at the session's venue, or at the simulated one."""

from dataclasses import dataclass, field

from core.events import OrderReport, ReportType
from core.orders import Liquidity, OrderIntent

_ENDS = {
    ReportType.REJECTED: "rejected",
    ReportType.CANCELLED: "cancelled",
    ReportType.EXPIRED: "expired",
    ReportType.NEVER_ARRIVED: "never-arrived",
}


@dataclass(slots=True)
class Outcome:
    """What reports made of an order. Quantities in units, `notional` price units times quantity units, times ns."""

    filled: int = 0
    taken: int = 0  # of it as the taker
    notional: int = 0
    fees: dict[str, int] = field(default_factory=dict)  # money by currency
    accepted_ns: int = 0
    first_fill_ns: int = 0
    ended: str = ""  # how, where it did not fill
    exec_ids: set[str] = field(default_factory=set)

    def take(self, report: OrderReport, now_ns: int) -> None:
        """Take one report; an execution that was told before counts once."""
        if report.type is ReportType.FILLED:
            if report.exec_id in self.exec_ids:
                return
            self.exec_ids.add(report.exec_id)
            self.filled += report.quantity
            self.notional += report.quantity * report.price
            if report.liquidity is Liquidity.TAKER:
                self.taken += report.quantity
            if report.fee_currency:
                self.fees[report.fee_currency] = self.fees.get(report.fee_currency, 0) + int(report.fee)
            self.first_fill_ns = self.first_fill_ns or now_ns
        elif report.type is ReportType.ACCEPTED:
            self.accepted_ns = self.accepted_ns or now_ns
        elif report.type in _ENDS:
            self.ended = _ENDS[report.type]

    @property
    def state(self) -> str:
        """How it ended, as far as the reports say."""
        return self.ended or ("filled" if self.filled else "open")

    @property
    def price(self) -> float:
        """The average price of its fills in price units, 0.0 without any."""
        return self.notional / self.filled if self.filled else 0.0


@dataclass(slots=True)
class Pair:
    """One order, twice; `bid` and `ask` are the touch when it was sent, in price units."""

    intent: OrderIntent
    sent_ns: int
    bid: int
    ask: int
    real: Outcome = field(default_factory=Outcome)
    sim: Outcome = field(default_factory=Outcome)
    skipped: str = ""  # why the simulated venue did not have it

    def slippage_ppm(self, outcome: Outcome) -> float | None:
        """Return how much worse than the touch its fills were, in millionths of the touch; None without fills."""
        side = int(self.intent.side)
        touch = self.ask if side > 0 else self.bid
        if not outcome.filled or not touch:
            return None
        return side * (outcome.price - touch) / touch * 1e6
