"""What is held and open, owner by owner and instrument by instrument, and the sums of it over scopes.

A cell is one instrument of the whole account, or of one strategy. Its values are of the mark at which it was last
looked at: at once when its quantities moved, and all of them once a second of event time.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oms.manager import OrderManager
from oms.moves import Exposure, reserve
from oms.order import Order
from risk.account_checks import hedge_side, leg_exposure
from risk.controls.scope import Scope
from risk.controls.worth import Worth, worth_of

ACCOUNT = ""  # the owner of what is held by all strategies together


class Reach(NamedTuple):
    """How far a position may go, in units: `long` if every open buy fills, `short` (negative) if every open sell does.

    Where an account holds both sides at once (hedge mode) they are both of them in `gross`.
    """

    long: int
    short: int
    gross: int
    buys: int
    sells: int
    orders: int

    def opens(self, side: int) -> bool:
        """Whether the position may come to stand on a side."""
        return self.long > 0 if side > 0 else self.short < 0

    def with_order(self, side: int, quantity: int) -> "Reach":
        """Return the same with one more order."""
        buys, sells = (quantity, 0) if side > 0 else (0, quantity)
        long, short = self.long + buys, self.short - sells
        beyond = self.gross - max(abs(self.long), abs(self.short))
        gross = max(abs(long), abs(short)) + beyond
        return Reach(long, short, gross, self.buys + buys, self.sells + sells, self.orders + 1)


class Values(NamedTuple):
    """A reach as money of the base currency; long and short are signed."""

    gross: int
    long: int
    short: int
    buys: int
    sells: int
    orders: int


NOTHING = Values(0, 0, 0, 0, 0, 0)


def reach_of(manager: OrderManager, owner: str, index: int, without: Order | None = None) -> Reach:
    """Return how far the position of an owner in an instrument may go, `without` one order that is to be replaced."""
    if owner == ACCOUNT and manager.books.rules.hedging and not manager.terms(index).holds_base:
        return _hedged(manager, index, without)
    if owner == ACCOUNT:
        held, exposure = manager.position(index).quantity, manager.exposure(index)
    else:
        held, exposure = manager.strategy_position(owner, index).quantity, _open_of(manager, owner, index)
    buys, sells, orders = exposure.open_buy_quantity, exposure.open_sell_quantity, exposure.open_orders
    if without is not None:
        orders -= 1
        buys -= without.leaves if without.side > 0 else 0
        sells -= without.leaves if without.side < 0 else 0
    long, short = held + buys, held - sells
    return Reach(long, short, max(abs(long), abs(short)), buys, sells, orders)


def _hedged(manager: OrderManager, index: int, without: Order | None) -> Reach:
    """Return the reach of an account with a long and a short position: what closes one does not reach the other."""
    sides = []
    for hedge in (1, -1):
        exposure = leg_exposure(manager, index, hedge)
        opens = exposure.open_buy_quantity if hedge > 0 else exposure.open_sell_quantity
        if without is not None and hedge_side(without.intent) == hedge == without.side:
            opens -= without.leaves
        sides.append(abs(manager.leg(index, hedge).quantity) + opens)
    whole = manager.exposure(index)
    return Reach(
        sides[0],
        -sides[1],
        sides[0] + sides[1],
        whole.open_buy_quantity,
        whole.open_sell_quantity,
        whole.open_orders - (without is not None),
    )


def _open_of(manager: OrderManager, strategy_id: str, index: int) -> Exposure:
    """Return what the open orders of one strategy in an instrument reserve, counted anew."""
    exposure = Exposure()
    for order in manager.open_orders():
        if order.instrument == index and order.strategy_id == strategy_id:
            exposure.open_orders += 1
            reserve(exposure, order.side, order.leaves)
    return exposure


def values_of(reach: Reach, worth: Worth) -> Values:
    """Return a reach as money."""
    return Values(
        worth.of(reach.gross),
        worth.of(reach.long),
        -worth.of(-reach.short),
        worth.of(reach.buys),
        worth.of(reach.sells),
        reach.orders,
    )


class Cells:
    """All cells, and the scopes that each counts in. `refresh` before any sum is read."""

    __slots__ = ("_base", "_cells", "_dirty", "_manager", "_unvalued")

    def __init__(self, manager: OrderManager, base: str) -> None:
        """Count nothing yet."""
        self._manager = manager
        self._base = base
        self._cells: dict[tuple[str, int], tuple[Sequence[Scope], Values]] = {}
        self._unvalued: dict[tuple[str, int], str] = {}  # what cannot be valued though something is held or open
        self._dirty: dict[int, None] = {}

    def add(self, owner: str, index: int, scopes: Sequence[Scope]) -> None:
        """Let an owner's part of an instrument count in these scopes from now on."""
        if (owner, index) in self._cells:
            self._count(self._cells[owner, index][0], self._cells[owner, index][1], -1)
        self._cells[owner, index] = (scopes, NOTHING)
        self._dirty[index] = None

    def touch(self, index: int) -> None:
        """Note that the quantities of an instrument moved."""
        self._dirty[index] = None

    def refresh(self, *, everything: bool) -> bool:
        """Look at what moved, or at everything; return whether there was anything to look at."""
        keys = list(self._cells) if everything else [key for key in self._cells if key[1] in self._dirty]
        self._dirty.clear()
        self._look(keys)
        return bool(keys)

    def unvalued(self, scope: Scope) -> str:
        """Return what of a scope cannot be valued now, empty where all can."""
        for key, what in self._unvalued.items():
            if scope in self._cells[key][0]:
                return what
        return ""

    def values(self, owner: str, index: int) -> Values:
        """Return what a cell is worth as it was last looked at."""
        found = self._cells.get((owner, index))
        return NOTHING if found is None else found[1]

    def _look(self, keys: Iterable[tuple[str, int]]) -> None:
        """Value cells anew and correct the sums by what changed."""
        worths: dict[int, Worth | None] = {}
        for key in keys:
            owner, index = key
            scopes, before = self._cells[key]
            reach = reach_of(self._manager, owner, index)
            if reach.gross or reach.orders:
                if index not in worths:
                    worths[index] = worth_of(index, self._manager, self._base)
                worth = worths[index]
                if worth is None:
                    self._unvalued[key] = f"{self._manager.instrument(index).id} has no price in {self._base}"
                    continue
                after = values_of(reach, worth)
            else:
                after = NOTHING
            self._unvalued.pop(key, None)
            if after != before:
                self._count(scopes, before, -1)
                self._count(scopes, after, 1)
                self._cells[key] = (scopes, after)

    def _count(self, scopes: Sequence[Scope], values: Values, sign: int) -> None:
        """Add values to the sums of scopes, or take them off."""
        for scope in scopes:
            scope.gross += sign * values.gross
            scope.long += sign * values.long
            scope.short += sign * values.short
            scope.buys += sign * values.buys
            scope.sells += sign * values.sells
            scope.open_orders += sign * values.orders

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [sorted(self._dirty), [[*key, *values] for key, (_, values) in sorted(self._cells.items())]]
