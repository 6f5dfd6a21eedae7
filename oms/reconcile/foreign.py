"""Orders and fills on the account that are not ours: adopted, ignored, or a reason to halt."""

from core.effects import Alert, Effect, Severity
from core.events import AccountTraded, OrderReport, ReportType
from core.evidence import EvidenceGiven, VenueFill, VenueOrder
from core.ids import parse_client_order_id, parse_revision_id
from core.orders import OrderIntent, OrderTerms, OrderType, Side
from oms.freezes import Freezes
from oms.manager import OrderManager
from oms.order import Order
from oms.reconcile.opening import Opening
from oms.reconcile.settings import ForeignPolicy

KEEP_TOLD = 1_000


class Foreign:
    """Knows whom it has told of, and which orders were adopted when."""

    def __init__(
        self, manager: OrderManager, policy: ForeignPolicy, epoch: int, freezes: Freezes, opening: Opening
    ) -> None:
        """Apply `policy` in the session of `epoch`."""
        self.told: dict[str, None] = {}
        self.adopted: dict[str, int] = {}
        """Up to when the fills of an adopted order were in it when it came, by client order id."""
        self._manager = manager
        self._policy = policy
        self._epoch = epoch
        self._freezes = freezes
        self._opening = opening

    def order(self, told: VenueOrder, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Meet an open order that we do not know."""
        name = told.client_order_id or told.venue_order_id
        if self.is_ours(told.client_order_id, effects) or name in self.told:
            return
        what = (
            f"{given.venue} {told.symbol}: order {name} ({told.side.name} {told.quantity} units, {told.filled} filled)"
        )
        if self._policy is ForeignPolicy.ADOPT and told.instrument in self._manager.instruments():
            intent = OrderIntent(
                client_order_id=name,
                strategy_id="",
                instrument=told.instrument,
                side=told.side,
                type=OrderType.LIMIT if told.price else OrderType.MARKET,
                quantity=told.quantity,
                price=told.price,
                terms=_terms_of(told.hedge),
            )
            self.adopted[name] = told.updated_ns
            self._manager.taking.adopt(intent, told.venue_order_id, told.filled, now_ns, effects)
        self._tell(name, what, effects)

    def fill(self, fill: VenueFill, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Meet an execution of an order that we do not know; what was before our books began is in their opening.

        One of the venue's own making, a liquidation, is booked as the stream would have told it, once.
        """
        name = fill.client_order_id or fill.venue_order_id
        if self.is_ours(fill.client_order_id, effects) or not self._opening.is_after(given.venue, fill.venue_ns):
            return
        if fill.own:
            self._manager.account_event(_venues_own(fill, given.venue), fill.instrument, effects, now_ns)
        elif self._policy is ForeignPolicy.ADOPT:
            self._adopt_fill(fill, now_ns, effects)
        elif name not in self.told:
            self._tell(name, f"{given.venue}: execution {fill.exec_id} of order {name}, {fill.quantity} units", effects)

    def was_before(self, order: Order, fill: VenueFill) -> bool:
        """Whether a fill was in an adopted order when that came."""
        return fill.venue_ns <= self.adopted.get(order.client_order_id, -1)

    def is_ours(self, client_order_id: str, effects: list[Effect]) -> bool:
        """Whether an id that the books do not show is ours nevertheless; one that we cannot have given halts."""
        parsed = parse_revision_id(client_order_id)
        if parsed is None:
            return False
        if self._manager.knows(parsed[0]):
            return True
        born = parse_client_order_id(parsed[0])
        if born is not None and born[0] >= self._epoch:
            who = "another tickerd trades this account" if born[0] > self._epoch else "we never gave that id"
            self._freezes.halt(f"order {client_order_id} is of epoch {born[0]}, ours is {self._epoch}: {who}", effects)
            return True
        return False

    def _adopt_fill(self, fill: VenueFill, now_ns: int, effects: list[Effect]) -> None:
        """Book an execution as an order of its own that was filled at once."""
        name = f"{fill.venue_order_id or fill.client_order_id}/{fill.exec_id}"
        if self._manager.knows(name) or fill.instrument not in self._manager.instruments():
            return
        intent = OrderIntent(
            client_order_id=name,
            strategy_id="",
            instrument=fill.instrument,
            side=fill.side,
            type=OrderType.LIMIT,
            quantity=fill.quantity,
            price=fill.price,
            terms=_terms_of(fill.hedge),
        )
        self._manager.taking.adopt(intent, fill.venue_order_id, 0, now_ns, effects)
        report = OrderReport(
            type=ReportType.FILLED,
            client_order_id=name,
            venue_order_id=fill.venue_order_id,
            exec_id=fill.exec_id,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            liquidity=fill.liquidity,
        )
        self._manager.report(report, fill.instrument, now_ns, effects)

    def _tell(self, name: str, what: str, effects: list[Effect]) -> None:
        """Tell of something foreign once, or halt for it."""
        self.told[name] = None
        if len(self.told) > KEEP_TOLD:
            del self.told[next(iter(self.told))]
        if self._policy is ForeignPolicy.HALT:
            self._freezes.halt(f"{what} is not ours: adopt it, ignore it, or take it off the account", effects)
            return
        done = "adopted into the books" if self._policy is ForeignPolicy.ADOPT else "left alone"
        effects.append(Alert(severity=Severity.WARNING, code="FOREIGN_ORDER", message=f"{what} is not ours: {done}"))

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [list(self.told), sorted(self.adopted.items())]


def _terms_of(hedge: Side | None) -> OrderTerms | None:
    """Return what an order asks for that works on one side of hedge mode, nothing in netting mode."""
    return None if hedge is None else OrderTerms(hedge=hedge)


def _venues_own(fill: VenueFill, venue: str) -> AccountTraded:
    """Return an execution of the venue's own making in the words of its private stream."""
    return AccountTraded(
        venue=venue,
        order_id=fill.client_order_id or fill.venue_order_id,
        exec_id=fill.exec_id,
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        reason=fill.own,
        hedge=fill.hedge,
    )
