"""One instrument as the gate sees it: its rules and limits, and what the order manager counts of it."""

from core.instruments import Instrument
from core.market import Market
from core.orders import OrderIntent
from core.sessions import session_at, why_closed
from oms.manager import OrderManager
from oms.moves import Exposure, Totals
from oms.order import Order
from oms.positions import Position
from risk.account_checks import hedge_side, leg_exposure, why_not_covered
from risk.facts import Why
from risk.limits import InstrumentLimits
from risk.records import Rules, rules_of


class Known:
    """One instrument as the gate sees it, and what the order manager counts of it: live objects, looked up once."""

    __slots__ = (
        "check_balances",
        "exposure",
        "hedge",
        "hedging",
        "instrument",
        "limits",
        "manager",
        "position",
        "rules",
        "sessions",
        "totals",
    )

    exposure: Exposure
    position: Position
    totals: Totals

    def __init__(self, instrument: Instrument, limits: InstrumentLimits) -> None:
        """Know the rules; the manager comes with the first order."""
        self.instrument = instrument
        self.sessions = instrument.sessions
        self.rules: Rules = rules_of(instrument)
        self.limits = limits
        self.manager: OrderManager | None = None
        self.hedging = self.check_balances = False
        self.hedge = 0  # the side of the leg that this is, 0 for the whole instrument

    def join(self, index: int, manager: OrderManager) -> None:
        """Look up what the manager counts. Raises UndefinedInstrument."""
        self.exposure = manager.exposure(index)
        self.position = manager.position(index)
        self.totals = manager.totals
        self.manager = manager
        rules = manager.books.rules
        self.hedging, self.check_balances = rules.hedging, rules.check_balances

    def leg(self, intent: OrderIntent, manager: OrderManager) -> "Known":
        """Return the same with the position and the open orders of the leg that an order names, where it names one."""
        hedge = hedge_side(intent)
        if not hedge:
            return self
        leg = Known(self.instrument, self.limits)
        leg.join(intent.instrument, manager)
        leg.exposure = leg_exposure(manager, intent.instrument, hedge)
        leg.position = manager.leg(intent.instrument, hedge)
        leg.hedge = hedge
        return leg

    def why_closed(self, now_ns: int) -> str:
        """Return in words why an instrument with sessions is not traded now, "" where it is."""
        if session_at(self.sessions, now_ns) is not None:
            return ""
        return f"{self.instrument.id} is closed: {why_closed(self.sessions, now_ns)}"

    def why_not_covered(self, intent: OrderIntent, market: Market, replaced: Order | None = None) -> Why | None:
        """Return why the balance does not cover an order, None where it does."""
        assert self.manager is not None
        markets = self.manager.books.rates.markets
        return why_not_covered(intent, market, self.limits, self.manager, markets, replaced)
