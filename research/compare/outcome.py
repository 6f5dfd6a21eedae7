"""One order as it went: at the session's venue, or at the simulated one."""

from dataclasses import dataclass, field

from core.events import OrderReport, ReportType
from core.orders import Liquidity, OrderIntent
from oms.terms import Terms

_ENDS = {
    ReportType.REJECTED: "rejected",
    ReportType.CANCELLED: "cancelled",
    ReportType.EXPIRED: "expired",
    ReportType.NEVER_ARRIVED: "never-arrived",
}


@dataclass(slots=True)
class Outcome:
    """What reports made of an order. Quantities in units, `cost` as `Terms.value` counts it, times ns.

    `arrival` is what its fills would have cost at the touch when the order was sent, or last replaced, before each.
    """

    terms: Terms
    filled: int = 0
    taken: int = 0  # of it as the taker
    cost: int = 0
    arrival: int = 0
    blind: bool = False  # the touch was not known before one of them
    fees: dict[str, int] = field(default_factory=dict)  # money by currency
    accepted_ns: int = 0
    first_fill_ns: int = 0
    ended: str = ""  # how, where it did not fill
    exec_ids: set[str] = field(default_factory=set)

    def take(self, report: OrderReport, now_ns: int, touch: int) -> None:
        """Take one report, `touch` being the price to measure a fill by; one that was told before counts once."""
        if report.type is ReportType.FILLED:
            if report.exec_id in self.exec_ids:
                return
            self.exec_ids.add(report.exec_id)
            self.filled += report.quantity
            self.cost += self.terms.value(report.quantity, report.price)
            if touch:
                self.arrival += self.terms.value(report.quantity, touch)
            self.blind = self.blind or not touch
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
        return self._average(self.cost)

    @property
    def hundredths(self) -> int:
        """The average price in hundredths of price units, cut."""
        scale, cost = self.terms.inverse_scale, self.cost
        return self.filled * scale * 100 // cost if scale else cost * 100 // self.filled

    @property
    def slippage(self) -> float | None:
        """The average price less the touch, over the touch; None without fills or without a touch."""
        if not self.filled or self.blind:
            return None
        touch = self._average(self.arrival)
        return (self.price - touch) / touch

    def _average(self, cost: int) -> float:
        """Return the price at which the fills would have cost so much; an inverse contract's mean is the harmonic."""
        scale = self.terms.inverse_scale
        whole, parts = (self.filled * scale, cost) if scale else (cost, self.filled)
        return whole / parts if parts else 0.0


@dataclass(slots=True)
class Pair:
    """One order, twice; `bid` and `ask` are the touch when it was sent or last replaced, in price units.

    `quantity` is what was asked for last, filled included.
    """

    intent: OrderIntent
    sent_ns: int
    bid: int
    ask: int
    real: Outcome
    sim: Outcome
    skipped: str = ""  # why the simulated venue did not have it
    replaced: int = 0  # how often its session asked for that
    quantity: int = 0
    sim_name: str = ""  # what the simulated venue calls it

    def __post_init__(self) -> None:
        """Begin as it was submitted."""
        self.quantity, self.sim_name = self.intent.quantity, self.intent.client_order_id

    @property
    def touch(self) -> int:
        """The price of the other side when it was sent or last replaced, 0 for none."""
        return self.ask if self.intent.side > 0 else self.bid

    def slippage_ppm(self, outcome: Outcome) -> float | None:
        """Return how much worse than the touch its fills were, in millionths of the touch; None without fills."""
        slippage = outcome.slippage
        return None if slippage is None else int(self.intent.side) * slippage * 1e6
