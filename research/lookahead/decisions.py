"""What is compared: everything that strategies asked for, in order, with the time and the input at which they did."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from core.effects import Effect, StrategyChanged, StrategyState, TimerSet
from core.market import Market
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderIntent, Refusal, Side
from core.records import NO_INSTRUMENT

SUBMIT, REPLACE, CANCEL, REFUSED, TIMER, PAUSED = "submit", "replace", "cancel", "refused", "timer", "paused"
NOTHING = "nothing"
_DECIDED = frozenset({ApprovedSubmit, ApprovedReplace, ApprovedCancel, Refusal, TimerSet, StrategyChanged})


class Asked(NamedTuple):
    """What was asked for; prices and quantities in the instrument's units, `side` is 0 where there is none."""

    word: str
    instrument: int = NO_INSTRUMENT
    side: int = 0
    type: str = ""
    price: int = 0
    quantity: int = 0
    detail: str = ""  # how long the order lives, the code of a refusal, a timer's name, why it was paused
    due_ns: int = 0


class Decision(NamedTuple):
    """One decision: at `now_ns`, when `inputs` inputs had been handed over. `order` is its client order id."""

    now_ns: int
    strategy: str
    asked: Asked
    order: str
    inputs: int

    @property
    def identity(self) -> tuple[int, str, Asked, str]:
        """What must be the same in a re-run of the same past."""
        return self[:4]

    @property
    def wish(self) -> tuple[int, str, int, int, str, int, int]:
        """When which order was wanted, whatever the gate said of it: what a strategy alone decides."""
        asked = self.asked
        return self.now_ns, self.strategy, asked.instrument, asked.side, asked.type, asked.quantity, asked.price


class Trace:
    """Watches one run: keeps decisions, counts inputs. Once closed, it keeps nothing more."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.decisions: list[Decision] = []
        self.inputs = 0
        self.closed = False

    def watch(self, now_ns: int, effects: Sequence[Effect]) -> None:
        """Take the effects of one event."""
        if self.closed:
            return
        for effect in effects:
            if type(effect) in _DECIDED:
                self._take(now_ns, effect)

    def _take(self, now_ns: int, effect: Effect) -> None:
        if isinstance(effect, ApprovedSubmit):
            self._add(now_ns, effect.intent.strategy_id, _order(SUBMIT, effect.intent), effect.intent.client_order_id)
        elif isinstance(effect, Refusal):
            asked = _order(REFUSED, effect.intent)._replace(detail=effect.code)
            self._add(now_ns, effect.intent.strategy_id, asked, effect.intent.client_order_id)
        elif isinstance(effect, ApprovedReplace):
            side, price, quantity = int(effect.side), effect.price, effect.quantity
            asked = Asked(REPLACE, effect.instrument, side, effect.type.value, price, quantity)
            self._add(now_ns, effect.strategy_id, asked, effect.client_order_id)
        elif isinstance(effect, ApprovedCancel):
            self._add(now_ns, effect.strategy_id, Asked(CANCEL, effect.instrument), effect.client_order_id)
        elif isinstance(effect, TimerSet):
            self._add(now_ns, effect.strategy_id, Asked(TIMER, detail=effect.name, due_ns=effect.due_ns), "")
        elif isinstance(effect, StrategyChanged) and effect.state is StrategyState.PAUSED:
            self._add(now_ns, effect.strategy_id, Asked(PAUSED, detail=effect.reason), "")

    def _add(self, now_ns: int, strategy: str, asked: Asked, order: str) -> None:
        self.decisions.append(Decision(now_ns, strategy, asked, order, self.inputs))


def _order(word: str, intent: OrderIntent) -> Asked:
    """Return what an order asks for."""
    flags = (intent.post_only, "post-only"), (intent.reduce_only, "reduce-only")
    detail = " ".join((intent.time_in_force.value, *(name for is_set, name in flags if is_set)))
    side, price = int(intent.side), intent.price
    return Asked(word, intent.instrument, side, intent.type.value, price, intent.quantity, detail)


def first_difference(
    was: Iterable[Decision], became: Iterable[Decision], before_ns: int
) -> tuple[Decision | None, Decision | None] | None:
    """Return the first pair of decisions before a time that are not the same, None where all are.

    Strategies are compared one by one, and the earliest difference counts: what one asks for can refuse another.
    """
    first: dict[str, list[Decision]] = {}
    second: dict[str, list[Decision]] = {}
    for decisions, by_strategy in ((was, first), (became, second)):
        for decision in decisions:
            if decision.now_ns < before_ns:
                by_strategy.setdefault(decision.strategy, []).append(decision)
    found = [
        pair
        for strategy in sorted({*first, *second})
        if (pair := _first_pair(first.get(strategy, []), second.get(strategy, []))) is not None
    ]
    return min(found, key=pair_ns, default=None)


def _first_pair(was: Sequence[Decision], became: Sequence[Decision]) -> tuple[Decision | None, Decision | None] | None:
    for old, new in zip_longest(was, became):
        if old is None or new is None or old.identity != new.identity:
            return old, new
    return None


def pair_ns(pair: tuple[Decision | None, Decision | None]) -> int:
    """Return the time of the earlier of two decisions."""
    return min(decision.now_ns for decision in pair if decision is not None)


def described(decision: Decision | None, markets: Sequence[Market]) -> str:
    """Return a decision in words; without one, "nothing"."""
    if decision is None:
        return NOTHING
    asked = decision.asked
    if asked.word == TIMER:
        return f"timer {asked.detail!r} for {asked.due_ns}"
    if asked.word == PAUSED:
        return f"paused: {asked.detail}"
    known = asked.instrument < len(markets)
    instrument = markets[asked.instrument].instrument if known else None
    name = instrument.id if instrument is not None else f"instrument {asked.instrument}"
    if asked.word == CANCEL:
        return f"cancel {decision.order} {name}"
    quantity = instrument.quantity_text(asked.quantity) if instrument is not None else str(asked.quantity)
    price = instrument.price_text(asked.price) if instrument is not None else str(asked.price)
    at = f" at {price}" if asked.price else ""
    refused = f" (refused: {asked.detail})" if asked.word == REFUSED else f" {asked.detail}"
    return f"{Side(asked.side).name.lower()} {quantity} {name} {asked.type}{at}{refused}"
