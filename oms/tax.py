"""The tax lots of every strategy and instrument, and the effects that tell of them."""

from core.effects import Effect, LotChange, LotChanged
from core.orders import Side
from oms.holding import Holding
from oms.lots import Lot, LotQueue, Part
from oms.rules import LotMethod

Key = tuple[int, str, int]  # instrument, strategy id, side of the leg in hedge mode or 0


class TaxLots:
    """Keeps lots beside the positions where `accounting.lots` asks for it. What is closed is told and forgotten."""

    __slots__ = ("_method", "_queues")

    def __init__(self, method: LotMethod) -> None:
        """Hold nothing."""
        self._method = method
        self._queues: dict[Key, LotQueue] = {}

    def queue(self, instrument: int, strategy_id: str, hedge: int = 0) -> LotQueue:
        """Return one strategy's lots: a live object."""
        key = (instrument, strategy_id, hedge)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = LotQueue(self._method)
        return queue

    def fill(
        self,
        holding: Holding,
        key: tuple[str, int],
        execution: tuple[int, int, int],
        fee: int,
        exec_id: str,
        now_ns: int,
        effects: list[Effect],
    ) -> None:
        """Book an execution (side, quantity, price) of `key` (strategy id, leg); `fee` in the instrument's currency."""
        side, quantity, price = execution
        value = holding.terms.value(quantity, price)
        parts, lot = self.queue(holding.index, *key).fill(side, quantity, value, fee, exec_id, now_ns)
        self._tell(holding, key[0], parts, lot, exec_id, now_ns, effects)

    def reverse(
        self,
        holding: Holding,
        key: tuple[str, int],
        execution: tuple[int, int, int],
        fee: int,
        exec_id: str,
        now_ns: int,
        effects: list[Effect],
    ) -> None:
        """Take an execution back, as `LotQueue.reverse` does."""
        side, quantity, price = execution
        value = holding.terms.value(quantity, price)
        queue = self.queue(holding.index, *key)
        gone, parts, lot = queue.reverse(side, quantity, value, fee, exec_id, now_ns)
        effects.extend(self._closed(holding, key[0], part, LotChange.REVERSED, exec_id, now_ns) for part in gone)
        self._tell(holding, key[0], parts, lot, exec_id, now_ns, effects)

    def split(
        self,
        holding: Holding,
        key: tuple[str, int],
        ratio: tuple[int, int],
        quantity: int,
        paid: int,
        action_id: str,
        now_ns: int,
        effects: list[Effect],
    ) -> None:
        """Split the lots of `key` so that they hold `quantity` in all."""
        queue = self.queue(holding.index, *key)
        if not queue.lots:
            return
        part = queue.split(*ratio, abs(quantity), paid)
        if part is not None:
            effects.append(self._closed(holding, key[0], part, LotChange.CLOSED, action_id, now_ns))
        effects.extend(
            self._opened(holding, key[0], lot, lot.quantity, LotChange.SPLIT, action_id) for lot in queue.lots
        )

    def canonical(self) -> list[object]:
        """Return every queue that was ever used, sorted, in plain values."""
        return [(*key, *self._queues[key].canonical()) for key in sorted(self._queues)]

    def restore(self, rows: list[list[object]]) -> None:
        """Take back what `canonical` gave."""
        for instrument, strategy_id, hedge, *rest in rows:
            self.queue(instrument, strategy_id, hedge).restore(*rest)  # type: ignore[arg-type]

    def _tell(
        self,
        holding: Holding,
        strategy_id: str,
        parts: list[Part],
        lot: Lot | None,
        exec_id: str,
        now_ns: int,
        effects: list[Effect],
    ) -> None:
        """Say what an execution closed and opened."""
        effects.extend(self._closed(holding, strategy_id, part, LotChange.CLOSED, exec_id, now_ns) for part in parts)
        if lot is not None:
            effects.append(self._opened(holding, strategy_id, lot, lot.quantity, LotChange.OPENED, exec_id))

    def _closed(
        self, holding: Holding, strategy_id: str, part: Part, change: LotChange, exec_id: str, now_ns: int
    ) -> LotChanged:
        """Return what was closed of a lot, or opened again."""
        factor = holding.terms.value_factor
        sign = -factor if holding.terms.inverse_scale else factor
        is_closed = change is LotChange.CLOSED
        return LotChanged(
            instrument=holding.index,
            strategy_id=strategy_id,
            number=part.number,
            change=change,
            side=Side(part.side),
            quantity=part.quantity,
            left=part.left,
            cost=str(part.cost * factor),
            fees=str(part.fees + part.closing_fees),
            opened_by=part.opened_by,
            opened_ns=part.opened_ns,
            exec_id=exec_id,
            proceeds=str(part.proceeds * factor),
            realised=str(part.gain * sign) if is_closed else "0",
            held_ns=max(0, now_ns - part.opened_ns) if is_closed else 0,
            size=part.size,
            gained=str(part.gained * sign),
            method=self._method.value,
        )

    def _opened(
        self, holding: Holding, strategy_id: str, lot: Lot, quantity: int, change: LotChange, exec_id: str
    ) -> LotChanged:
        """Return a lot as it is."""
        return LotChanged(
            instrument=holding.index,
            strategy_id=strategy_id,
            number=lot.number,
            change=change,
            side=Side(lot.side),
            quantity=quantity,
            left=lot.quantity,
            cost=str(lot.cost * holding.terms.value_factor),
            fees=str(lot.fees),
            opened_by=lot.opened_by,
            opened_ns=lot.opened_ns,
            exec_id=exec_id,
            size=lot.size,
            gained=str(lot.gained * (-1 if holding.terms.inverse_scale else 1) * holding.terms.value_factor),
            method=self._method.value,
        )
