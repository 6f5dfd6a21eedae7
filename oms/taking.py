"""What enters the books though no command of ours made it: orders that others sent, positions held before."""

from core.effects import Effect
from core.orders import OrderIntent
from oms.booking import Bookkeeper
from oms.books import MARKET, OPEN, OPENING, OTHER
from oms.codes import working_state
from oms.errors import DuplicateOrder
from oms.execution import execute_net, execute_own
from oms.holding import Holding
from oms.moves import Totals
from oms.order import Order
from oms.table import OrderTable
from oms.updates import order_updated, position_changed


class Taking:
    """The order manager's part in it; what it takes is under no strategy's name."""

    __slots__ = ("_books", "_holdings", "_table", "_totals")

    def __init__(self, table: OrderTable, holdings: dict[int, Holding], totals: Totals, books: Bookkeeper) -> None:
        """Share what the manager keeps."""
        self._books = books
        self._table = table
        self._holdings = holdings
        self._totals = totals

    def adopt(self, intent: OrderIntent, venue_order_id: str, filled: int, now_ns: int, effects: list[Effect]) -> None:
        """Take an order into the books that works at the venue and is not ours, `filled` of it before it was known.

        What was filled before is in nobody's position here. Raises DuplicateOrder.
        """
        if self._table.knows(intent.client_order_id):
            raise DuplicateOrder(f"order {intent.client_order_id} is known; it cannot be adopted")
        order = Order(intent, self._totals.submitted, now_ns)
        order.venue_order_id, order.acknowledged, order.named = venue_order_id, True, bool(venue_order_id)
        order.filled, order.notional = filled, filled * intent.price
        order.state_code = working_state(True, filled)
        self._table.insert(order, self._holdings[intent.instrument].exposure)
        effects.append(order_updated(order, None, "adopted"))

    def open_balance(self, currency: str, delta: int, effects: list[Effect]) -> None:
        """Move a balance to where a venue says that it was when the books began."""
        ledger = self._books.ledger
        ledger.add(currency, delta, "opening", effects)
        ledger.books.close(currency, OPENING, -delta, "opening")

    def count_cost(self, instrument: int, currency: str, amount: int, effects: list[Effect]) -> bool:
        """Count money that was booked before it was known which position brought it; whether it was counted."""
        holding = self._holdings.get(instrument)
        return holding is not None and self._books.account.count(holding, currency, amount, effects)

    def restate(self, instrument: int, amount: int, effects: list[Effect]) -> None:
        """Realise `amount` (money) more of an open contract, and so much less once it is closed, as its venue does.

        With average costs, what a fill realises depends on the fills before it: a venue that saw them in another order
        than we did has another split of the same profit. What is no whole cost unit is the venue's rounding.
        """
        holding, ledger = self._holdings[instrument], self._books.ledger
        units = whole_units(amount, holding.terms.value_factor)
        holding.net.cost += units
        holding.net.realised += units
        effects.append(position_changed(holding.net))
        ledger.add(holding.terms.currency, amount, "restated", effects)
        split = units * holding.terms.value_factor
        ledger.books.row(holding.terms.currency)[MARKET] -= split
        ledger.books.row(holding.terms.currency)[OPEN] -= split
        ledger.books.close(holding.terms.currency, OTHER, split - amount, "restated")

    def open_position(
        self, instrument: int, quantity: int, price: int, hedge: int, now_ns: int, effects: list[Effect]
    ) -> None:
        """Take a position, or a leg of one, that a venue says was there when the books began."""
        holding, lots = self._holdings[instrument], self._books.lots
        side, size = (1 if quantity > 0 else -1), abs(quantity)
        execute_own(holding, "", hedge, side, size, price)
        execute_net(holding, hedge, side, size, price)
        effects.append(position_changed(holding.net))
        if lots is not None:
            lots.fill(holding, ("", hedge), (side, size, price), 0, "opening", now_ns, effects)


def whole_units(amount: int, factor: int) -> int:
    """Return the whole number of `factor` that is nearest to an amount."""
    return (2 * amount + factor) // (2 * factor)
