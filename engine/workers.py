"""Execution algorithms at work for strategies: each an actor of its own, whose orders are its owner's.

A worker is supervised like a strategy. What the venue says of an order is told to the owner's workers, then to the
owner. It leaves when it has done its work; it is paused, and its orders cancelled, when it or its owner fails.
"""

from core.effects import StrategyChanged, StrategyState
from core.market import Market
from engine.actors import Actor
from strategies.base import Strategy, StrategyParams
from strategies.context import Context, WorkIntent


def hire(owner: Actor, intent: WorkIntent, markets: list[Market]) -> Actor:
    """Return the worker that was asked for, not started yet."""
    own = owner.context
    given = tuple(markets[index] for index in (intent.instrument, *intent.beside))
    assert issubclass(intent.algorithm, Strategy)
    assert isinstance(intent.params, StrategyParams)
    context = Context(own.strategy_id, given, own.manager, own.clock, own.counter, own.rng, intent.worker)
    worker = Actor(
        intent.algorithm(intent.params, context), context, tuple(market.instrument.id for market in given), owner
    )
    owner.workers.append(worker)
    return worker


def dismiss(actor: Actor) -> StrategyChanged:
    """Let an actor that has done its work be called no more; a worker leaves its owner."""
    if actor.owner is not None:
        actor.owner.workers.remove(actor)
    return actor.change(StrategyState.STOPPED, "done")
