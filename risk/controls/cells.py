"""What is held and open, owner by owner and instrument by instrument, and the sums of it over scopes.

A cell is one instrument of the whole account, or of one strategy. Its values are of the mark at which it was last
looked at: at once when its quantities moved, and all of them once a second of event time.
"""

from collections.abc import Iterable, Sequence

from oms.manager import OrderManager
from oms.moves import Exposure, reserve
from oms.order import Order
from risk.account_checks import hedge_side, leg_exposure
from risk.controls.scope import Scope
from risk.controls.worth import Worth, worth_of

ACCOUNT = ""  # the owner of what is held by all strategies together
PPM = 1_000_000


class Reach:
    """How far a position may go, in units: `long` if every open buy fills, `short` (negative) if every open sell does.

    `both` is what an account that holds both sides at once (hedge mode) has on the smaller one, else 0.
    """

    __slots__ = ("both", "buys", "long", "orders", "sells", "short")

    def __init__(self, held: int, exposure: Exposure, both: int = 0) -> None:
        """Read what is held and open."""
        self.buys, self.sells = exposure.open_buy_quantity, exposure.open_sell_quantity
        self.orders = exposure.open_orders
        self.long, self.short = held + self.buys, held - self.sells
        self.both = both

    @property
    def gross(self) -> int:
        """The largest position that may come."""
        return max(self.long, -self.short, -self.long, self.short) + self.both

    def gross_with(self, side: int, quantity: int) -> int:
        """Return the same with one more order."""
        long, short = (self.long + quantity, self.short) if side > 0 else (self.long, self.short - quantity)
        return max(long, -short, -long, short) + self.both


def reach_of(manager: OrderManager, owner: str, index: int, without: Order | None = None) -> Reach:
    """Return how far the position of an owner in an instrument may go, `without` one order that is to be replaced."""
    if owner == ACCOUNT and manager.books.rules.hedging and not manager.terms(index).holds_base:
        return _hedged(manager, index, without)
    if owner == ACCOUNT:
        reach = Reach(manager.position(index).quantity, manager.exposure(index))
    else:
        reach = Reach(manager.strategy_position(owner, index).quantity, _open_of(manager, owner, index))
    return reach if without is None else _less(reach, without)


def _less(reach: Reach, order: Order) -> Reach:
    """Take an order off."""
    reach.orders -= 1
    if order.side > 0:
        reach.buys -= order.leaves
        reach.long -= order.leaves
    else:
        reach.sells -= order.leaves
        reach.short += order.leaves
    return reach


def _hedged(manager: OrderManager, index: int, without: Order | None) -> Reach:
    """Return the reach of an account with a long and a short position: what closes one does not reach the other."""
    whole = manager.exposure(index)
    reach = Reach(0, whole)
    reach.long = manager.leg(index, 1).quantity + leg_exposure(manager, index, 1).open_buy_quantity
    reach.short = manager.leg(index, -1).quantity - leg_exposure(manager, index, -1).open_sell_quantity
    if without is not None:
        opens = hedge_side(without.intent) == without.side
        long, short = reach.long, reach.short
        _less(reach, without)
        if not opens:
            reach.long, reach.short = long, short
    reach.both = min(reach.long, -reach.short)
    return reach


def _open_of(manager: OrderManager, strategy_id: str, index: int) -> Exposure:
    """Return what the open orders of one strategy in an instrument reserve, counted anew."""
    exposure = Exposure()
    for order in manager.open_orders():
        if order.instrument == index and order.strategy_id == strategy_id:
            exposure.open_orders += 1
            reserve(exposure, order.side, order.leaves)
    return exposure


class Cell:
    """One owner's part of one instrument: its reach, and what that is worth in the base currency."""

    __slots__ = ("buys", "gross", "index", "long", "orders", "owner", "reach", "scopes", "sells", "short", "worth")

    def __init__(self, owner: str, index: int, scopes: Sequence[Scope]) -> None:
        """Hold nothing."""
        self.owner = owner
        self.index = index
        self.scopes = scopes
        self.reach = Reach(0, Exposure())
        self.worth: Worth | None = None
        self.gross = self.long = self.short = self.buys = self.sells = self.orders = 0

    def take(self, reach: Reach, worth: Worth) -> int:
        """Become worth this; the sums of the scopes follow. Return by how much gross value grew."""
        self.reach, self.worth = reach, worth
        gross, long, short = worth.of(reach.gross), worth.of(reach.long), -worth.of(-reach.short)
        buys, sells, orders = worth.of(reach.buys), worth.of(reach.sells), reach.orders
        more = gross - self.gross
        more_long, more_short = long - self.long, short - self.short
        more_buys, more_sells, more_orders = buys - self.buys, sells - self.sells, orders - self.orders
        self.gross, self.long, self.short = gross, long, short
        self.buys, self.sells, self.orders = buys, sells, orders
        for scope in self.scopes:
            scope.gross += more
            scope.long += more_long
            scope.short += more_short
            scope.buys += more_buys
            scope.sells += more_sells
            scope.open_orders += more_orders
        return more

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [self.owner, self.index, self.gross, self.long, self.short, self.buys, self.sells, self.orders]


class Cells:
    """All cells, and the scopes that each counts in. `refresh` before any sum is read."""

    __slots__ = ("_base", "_cells", "_dirty", "_manager", "_unvalued")

    def __init__(self, manager: OrderManager, base: str) -> None:
        """Count nothing yet."""
        self._manager = manager
        self._base = base
        self._cells: dict[tuple[str, int], Cell] = {}
        self._unvalued: dict[tuple[str, int], str] = {}  # what cannot be valued though something is held or open
        self._dirty: dict[int, None] = {}

    def add(self, owner: str, index: int, scopes: Sequence[Scope]) -> None:
        """Let an owner's part of an instrument count in these scopes from now on."""
        before = self._cells.get((owner, index))
        if before is not None and before.worth is not None:
            before.take(Reach(0, Exposure()), before.worth)
        self._cells[owner, index] = Cell(owner, index, scopes)
        self._unvalued.pop((owner, index), None)
        self._dirty[index] = None

    def touch(self, index: int) -> None:
        """Note that the quantities of an instrument moved."""
        self._dirty[index] = None

    def refresh(self, *, everything: bool) -> bool:
        """Look at what moved, or at everything; return whether anything was looked at."""
        looked = everything or bool(self._dirty)
        if everything:
            self._look(self._cells.values())
        elif self._dirty:
            self._look([cell for cell in self._cells.values() if cell.index in self._dirty])
        self._dirty.clear()
        return looked

    def cell(self, owner: str, index: int) -> Cell:
        """Return a cell as it was last looked at."""
        return self._cells[owner, index]

    @property
    def unvalued_any(self) -> bool:
        """Whether anything that is held or open cannot be valued now."""
        return bool(self._unvalued)

    def unvalued(self, scope: Scope) -> str:
        """Return what of a scope cannot be valued now, empty where all can."""
        for key, what in self._unvalued.items():
            if scope in self._cells[key].scopes:
                return what
        return ""

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [sorted(self._dirty), [self._cells[key].state() for key in sorted(self._cells)]]

    def _look(self, cells: Iterable[Cell]) -> None:
        """Value cells anew and correct the sums by what changed."""
        for cell in cells:
            reach = reach_of(self._manager, cell.owner, cell.index)
            worth = worth_of(cell.index, self._manager, self._base)
            if worth is not None:
                cell.take(reach, worth)
                if self._unvalued:
                    self._unvalued.pop((cell.owner, cell.index), None)
                continue
            cell.reach = reach  # what it is worth stays as it was: the scopes say that it is not known
            if reach.gross or reach.orders:
                what = f"{self._manager.instrument(cell.index).id} has no price in {self._base}"
                self._unvalued[cell.owner, cell.index] = what
