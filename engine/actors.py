"""A strategy under supervision: its state, its subscriptions, and how its failure is told."""

import traceback
from collections.abc import Callable

from core.effects import StrategyChanged, StrategyState
from core.market import Market
from strategies.base import Saved, Strategy
from strategies.context import Context, Intent

Handler = Callable[[object], None]
Route = tuple["Actor", Handler]


class Actor:
    """One strategy, its context and where it is in its life."""

    __slots__ = ("active", "context", "id", "instruments", "orders", "outbox", "owner", "state", "strategy", "workers")

    def __init__(
        self, strategy: Strategy, context: Context, instruments: tuple[str, ...], owner: "Actor | None" = None
    ) -> None:
        """Supervise `strategy`; `instruments` are the names configured for it. `owner`: for whom it works."""
        self.id = context.worker or context.strategy_id
        self.owner = owner
        self.workers: list[Actor] = []
        self.orders: dict[str, None] = {}  # those that a worker asked for: they go by the owner's name
        self.strategy = strategy
        self.context = context
        self.outbox: list[Intent] = context.outbox
        self.instruments = instruments
        self.state = StrategyState.LOADED
        self.active = False
        """Whether it gets events."""

    def bind(self, by_id: dict[str, Market]) -> list[str]:
        """Give the strategy the markets of its instruments; return the names that no venue defined."""
        self.context.markets = tuple(by_id[name] for name in self.instruments if name in by_id)
        return [name for name in self.instruments if name not in by_id]

    def change(self, state: StrategyState, reason: str, trace: str = "") -> StrategyChanged:
        """Move to `state` and return the effect that says so."""
        self.state = state
        self.active = state is StrategyState.ACTIVE
        return StrategyChanged(strategy_id=self.id, state=state, reason=reason, traceback=trace)

    def digest_state(self) -> list[object]:
        """Return what a digest must cover."""
        return [self.id, self.state.value, list(self.instruments), self._saved(), self.context.rng.state()]

    def _saved(self) -> Saved:
        """Return what the strategy saves; one that raised before it was set up may have nothing that can be saved."""
        if self.state is StrategyState.LOADED:
            return {}
        try:
            return self.strategy.save()
        except Exception as error:
            if self.state is not StrategyState.PAUSED:
                raise
            return {"unsaved": type(error).__name__}


def failure_text(error: Exception) -> tuple[str, str]:
    """Return (reason, traceback) of a callback that raised.

    The reason is the same on every CPython, so replay compares it: the error's type, and the innermost line of the
    strategy's own file. What that line called may be the standard library's, whose line numbers change between
    versions; so does the interpreter's wording in the traceback, which therefore informs and is not compared.
    """
    called = traceback.extract_tb(error.__traceback__)[1:]  # the first frame is ours, calling the callback
    if called:
        last = [frame for frame in called if frame.filename == called[0].filename][-1]
        file = last.filename.replace("\\", "/").rpartition("/")[2]
        reason = f"{type(error).__name__} in {file}:{last.lineno} {last.name}"
    else:
        reason = f"{type(error).__name__}: the callback does not take what it is called with"
    return reason, "".join(traceback.format_exception(error))
