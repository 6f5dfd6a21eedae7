"""Tax lots: which purchase a sale closes, and what it brought. Whole numbers; pure matching, effects are `oms.tax`'s.

A lot is what one execution opened (AVERAGE: the one pool that all share). Cost and proceeds are in the units of the
position's cost, fees money. A part takes its share of cost and fees cut towards zero and the last part takes the rest,
so nothing is gained or lost by closing in parts: whatever the method, once flat the lots have realised what the
position has.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from oms.rules import LotMethod

KEEP_CLOSINGS = 256  # executions of one strategy in one instrument whose closings can be reversed to the letter


@dataclass(slots=True)
class Lot:
    """An open lot: `side` is the position's, `cost` and `fees` are of the quantity that is left."""

    number: int
    side: int
    quantity: int
    cost: int
    fees: int
    opened_by: str
    opened_ns: int
    size: int = 0  # what was opened in all, splits counted in
    gained: int = 0  # `Part.gain` of all that was closed of it


class Part(NamedTuple):
    """What one execution closed of one lot. `fees` opened it, `closing_fees` closed it; `left` is the lot's."""

    number: int
    side: int
    quantity: int
    left: int
    cost: int
    proceeds: int
    fees: int
    closing_fees: int
    opened_by: str
    opened_ns: int
    size: int
    gained: int

    @property
    def gain(self) -> int:
        """What proceeds exceed the cost by, with the position's sign: the profit of a linear contract."""
        return self.side * (self.proceeds - self.cost)


class LotQueue:
    """The open lots of one strategy in one instrument, oldest first, all on one side."""

    __slots__ = ("_opened", "_recent", "lots", "method")

    def __init__(self, method: LotMethod) -> None:
        """Hold nothing."""
        self.method = method
        self.lots: list[Lot] = []
        self._opened = 0
        self._recent: dict[str, list[Part]] = {}

    @property
    def quantity(self) -> int:
        """What is held, signed."""
        return sum(lot.side * lot.quantity for lot in self.lots)

    def fill(
        self, side: int, quantity: int, value: int, fee: int, exec_id: str, now_ns: int
    ) -> tuple[list[Part], Lot | None]:
        """Book an execution worth `value`: return what it closed, lot by lot, and the lot that it opened."""
        parts: list[Part] = []
        while quantity and self.lots and self.lots[0].side != side:
            at = len(self.lots) - 1 if self.method is LotMethod.LIFO else 0
            closed = min(quantity, self.lots[at].quantity)
            proceeds, fee_share = value * closed // quantity, _share(fee, closed, quantity)
            parts.append(self._close(at, closed, proceeds, fee_share))
            quantity, value, fee = quantity - closed, value - proceeds, fee - fee_share
        if parts and exec_id:
            self._recent[exec_id] = parts
            if len(self._recent) > KEEP_CLOSINGS:
                del self._recent[next(iter(self._recent))]
        return parts, self._open(side, quantity, value, fee, exec_id, now_ns) if quantity else None

    def reverse(
        self, side: int, quantity: int, value: int, fee: int, exec_id: str, now_ns: int
    ) -> tuple[list[Part], list[Part], Lot | None]:
        """Take back an execution; return the parts taken back, then what `fill` returns for what cannot be.

        What it opened and is still open goes; what it closed is open again as it was. The rest (lots that were closed
        since, a position on the other side by now) is booked as an execution the other way at the same value.
        """
        reversed_parts: list[Part] = []
        for at in range(len(self.lots) - 1, -1, -1):
            lot = self.lots[at]
            if lot.opened_by == exec_id and lot.side == side and quantity and self.method is not LotMethod.AVERAGE:
                taken = min(quantity, lot.quantity)
                back, fee_back = value * taken // quantity, _share(fee, taken, quantity)
                reversed_parts.append(self._close(at, taken, 0, 0, is_sold=False))
                quantity, value, fee = quantity - taken, value - back, fee - fee_back
        parts = self._recent.pop(exec_id, [])
        if parts and not (self.lots and self.lots[0].side == side) and sum(part.quantity for part in parts) <= quantity:
            for part in parts:
                lot = self._reopen(part)
                reversed_parts.append(part._replace(left=lot.quantity, size=lot.size, gained=lot.gained))
                quantity, value, fee = quantity - part.quantity, value - part.proceeds, fee - part.closing_fees
        closed, opened = self.fill(-side, quantity, value, -fee, "", now_ns) if quantity else ([], None)
        return reversed_parts, closed, opened

    def split(self, numerator: int, denominator: int, quantity: int, paid: int) -> Part | None:
        """Make `numerator` of every `denominator`, `quantity` in all (unsigned); costs stay, fractions are rounded.

        `paid` is the cash for fractions: it lowers the last lot's cost. Where nothing is left at all it closes the last
        lot, which is returned.
        """
        before = after = cost = fees = 0
        kept: list[Lot] = []
        last = self.lots[-1]
        for lot in self.lots:
            before += lot.quantity
            upto = quantity if lot is last else min(quantity, before * numerator // denominator)
            lot.size = lot.size * numerator // denominator
            lot.quantity, lot.cost, lot.fees, after = upto - after, lot.cost + cost, lot.fees + fees, upto
            cost = fees = 0
            if lot.quantity:
                kept.append(lot)
            else:
                cost, fees = lot.cost, lot.fees
        self.lots = kept
        self._recent.clear()
        if kept:
            kept[-1].cost, kept[-1].fees = kept[-1].cost + cost - paid, kept[-1].fees + fees
            return None
        gained = last.gained + last.side * (paid - cost)
        return Part(
            last.number, last.side, 0, 0, cost, paid, fees, 0, last.opened_by, last.opened_ns, last.size, gained
        )

    def canonical(self) -> list[object]:
        """Return everything that influences what comes next, in plain values; unbounded integers as text."""
        return [
            self._opened,
            [_plain(each) for each in self.lots],
            [(exec_id, [_plain(part) for part in parts]) for exec_id, parts in self._recent.items()],
        ]

    def restore(self, opened: int, lots: list[list[str]], recent: list[tuple[str, list[list[str]]]]) -> None:
        """Take back what `canonical` gave, also after a trip through JSON or msgpack."""
        self._opened = opened
        self.lots = [Lot(**_typed(Lot, values)) for values in lots]
        self._recent = {exec_id: [Part(**_typed(Part, values)) for values in parts] for exec_id, parts in recent}

    def _open(self, side: int, quantity: int, value: int, fee: int, exec_id: str, now_ns: int) -> Lot:
        """Add a lot, or to the pool."""
        if self.method is LotMethod.AVERAGE and self.lots:
            pool = self.lots[0]
            pool.quantity, pool.cost, pool.fees = pool.quantity + quantity, pool.cost + value, pool.fees + fee
            pool.size += quantity
            return pool
        self._opened += 1
        lot = Lot(self._opened, side, quantity, value, fee, exec_id, now_ns, quantity)
        self.lots.append(lot)
        return lot

    def _close(self, at: int, quantity: int, proceeds: int, closing_fees: int, *, is_sold: bool = True) -> Part:
        """Take a quantity off a lot: sold, or as if it had never been opened."""
        lot = self.lots[at]
        cost = lot.cost * quantity // lot.quantity
        fees = _share(lot.fees, quantity, lot.quantity)
        lot.quantity, lot.cost, lot.fees = lot.quantity - quantity, lot.cost - cost, lot.fees - fees
        if not lot.quantity:
            del self.lots[at]
        if is_sold:
            lot.gained += lot.side * (proceeds - cost)
        else:
            lot.size -= quantity
        return Part(
            lot.number,
            lot.side,
            quantity,
            lot.quantity,
            cost,
            proceeds,
            fees,
            closing_fees,
            lot.opened_by,
            lot.opened_ns,
            lot.size,
            lot.gained,
        )

    def _reopen(self, part: Part) -> Lot:
        """Give a lot back what was closed of it, and return it."""
        for lot in self.lots:
            if lot.number == part.number:
                lot.quantity, lot.cost, lot.fees = (
                    lot.quantity + part.quantity,
                    lot.cost + part.cost,
                    lot.fees + part.fees,
                )
                lot.gained -= part.gain
                return lot
        lot = Lot(part.number, part.side, part.quantity, part.cost, part.fees, part.opened_by, part.opened_ns)
        lot.size, lot.gained = part.size, part.gained - part.gain
        self.lots.append(lot)
        self.lots.sort(key=_number)
        return lot


def _number(lot: Lot) -> int:
    """Return what lots are sorted by."""
    return lot.number


def _share(amount: int, part: int, whole: int) -> int:
    """Return a part's share of an amount of any sign, cut towards zero."""
    return amount * part // whole if amount >= 0 else -(-amount * part // whole)


def _plain(record: Lot | Part) -> list[str]:
    """Return the fields of a record as text: some of its numbers have no bound."""
    return [str(getattr(record, name)) for name in record.__annotations__]


def _typed(kind: type[Lot | Part], values: list[str]) -> dict[str, Any]:
    """Return the fields of a record from their texts."""
    names = kind.__annotations__
    return {name: text if name == "opened_by" else int(text) for name, text in zip(names, values, strict=True)}
