"""Execution algorithms at work for strategies: each an actor of its own, whose orders are its owner's.

A worker is supervised like a strategy. What the venue says of an order is told to the owner's workers, then to the
owner. It leaves when it has done its work; it is paused, and its orders cancelled, when it or its owner fails.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from core.effects import Alert, Effect, Severity, StrategyChanged, StrategyState
from core.market import Market
from engine.actors import Actor
from oms.memories import Memories
from strategies.algos import ALGORITHMS
from strategies.base import Strategy, StrategyParams
from strategies.context import Context, WorkIntent
from strategies.memory import ParentMemory, algorithm_name, names_of, unpack
from strategies.routing import SmartRouter

ENDED_MAX = 100  # so many parents with a name that have ended stay known, so that none is asked for again
_BUILTIN: Mapping[str, type[Strategy]] = {**ALGORITHMS, SmartRouter.algorithm: SmartRouter}


class Desk(Protocol):
    """What is needed of `engine.desk`."""

    memories: Memories
    markets: list[Market]
    effects: list[Effect]

    def add(self, actor: Actor) -> None:
        """Take one more."""

    def call(self, actor: Actor, callback: Callable[[], None]) -> None:
        """Run one callback."""


def hire(owner: Actor, intent: WorkIntent, markets: list[Market]) -> Actor:
    """Return the worker that was asked for, not started yet."""
    own = owner.context
    given = tuple(markets[index] for index in (intent.instrument, *intent.beside))
    assert issubclass(intent.algorithm, Strategy)
    assert isinstance(intent.params, StrategyParams)
    context = Context(
        own.strategy_id, given, own.manager, own.clock, own.counter, own.rng, intent.worker,
        memories=own.memories, remembers=intent.remembers,
    )  # fmt: skip
    context.sizes = own.sizes
    worker = Actor(
        intent.algorithm(intent.params, context), context, tuple(market.instrument.id for market in given), owner
    )
    owner.workers.append(worker)
    return worker


def call_back(desk: Desk, owner: Actor) -> None:
    """Let the parents that were at work for a strategy before a restart go on."""
    for wish in returning(owner, desk.markets) if desk.memories.by_name else ():
        if isinstance(wish, str):
            desk.effects.append(Alert(severity=Severity.WARNING, code="PARENT_LOST", message=wish))
        else:
            start_worker(desk, owner, wish, "goes on for")


def start_worker(desk: Desk, owner: Actor, intent: WorkIntent, how: str = "works for") -> None:
    """Let an execution algorithm begin to work for a strategy, or go on with it."""
    worker = hire(owner, intent, desk.markets)
    desk.add(worker)
    desk.effects.append(worker.change(StrategyState.ACTIVE, f"{how} {owner.id}"))
    desk.call(worker, worker.strategy.on_start)
    if intent.remembers:
        worker.orders.update(dict.fromkeys(getattr(worker.strategy, "children", ())))  # of before the restart


def dismiss(actor: Actor) -> StrategyChanged:
    """Let an actor that has done its work be called no more; a worker leaves its owner."""
    if actor.owner is not None:
        actor.owner.workers.remove(actor)
    return actor.change(StrategyState.STOPPED, "done")


def returning(owner: Actor, markets: Sequence[Market]) -> list[WorkIntent | str]:
    """Return how each parent that was at work for an actor before a restart is hired again, or why one cannot be."""
    found: list[WorkIntent | str] = []
    mine = owner.id + "#"
    for name, data in owner.context.memories.items():
        if not name.startswith(mine) or "#" in name[len(mine) :]:
            continue
        known = unpack(data)
        if known is None:
            found.append(f"what is remembered of {name} is not this build's: it does not go on")
        elif known.working:
            found.append(_again(owner, name, known, markets))
    return found


def forget_ended(owner: Actor, memories: Memories, at_work: Mapping[str, object]) -> list[str]:
    """Return the parents of an actor that ended too long ago to stay known."""
    mine = owner.id + "#"
    ended = [name for name in memories.by_name if name.startswith(mine) and name not in at_work]
    return ended[: max(len(ended) - ENDED_MAX, 0)]


def _again(owner: Actor, name: str, known: ParentMemory, markets: Sequence[Market]) -> WorkIntent | str:
    """Return the wish that asked for a parent, or why it cannot be asked for again."""
    own = {algorithm_name(each): each for each in owner.strategy.algorithms}
    algorithm = own.get(known.algorithm) or _BUILTIN.get(known.algorithm)
    if algorithm is None:
        return (
            f"{name} does not go on: no algorithm is called {known.algorithm!r}; name it in `algorithms` of the "
            "strategy, and look after the orders that it left open"
        )
    by_id = {market.instrument.id: market.index for market in markets}
    missing = [each for each in names_of(known.instruments) if each not in by_id]
    if missing:
        return f"{name} does not go on: no venue defined {', '.join(missing)}; name it in the venue's `instruments`"
    try:
        params = known.request_of(algorithm.Params)
    except msgspec.MsgspecError as error:
        return f"{name} does not go on: {algorithm.__name__} takes other parameters now: {error}"
    first, *beside = (by_id[each] for each in names_of(known.instruments))
    return WorkIntent(name, algorithm, params, first, tuple(beside), remembers=True)
