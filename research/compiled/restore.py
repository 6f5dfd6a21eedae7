"""A compiled run becomes a live engine again: its shadow takes over every number, and gives its digest."""

from typing import Any

from oms.positions import Position, PositionNumbers
from research.compiled.layout import copy_back
from research.compiled.narrate import Narrator
from risk.rate import Rates, times_of
from strategies.kernel import WAKE, Kernel


def restore(engine: Any, world: Any, narrator: Narrator, fee_unit: int) -> None:  # noqa: ANN401 - a void scalar
    """Let the shadow `engine` of a run become the engine that lived it; call it once, when the log was told."""
    [actor] = engine.desk.actors
    strategy = actor.strategy
    assert isinstance(strategy, Kernel)
    now_ns = int(world["now_ns"])
    for market in engine.markets:
        copy_back(world["markets"][market.index], market)
    copy_back(world["state"], strategy.state)
    for market in engine.markets:
        strategy.desk.positions[market.index] = int(world["desk"]["positions"][market.index])
    strategy.context.counter.count = int(world["desk"]["next_number"]) - 1
    strategy.context.clock.now_ns = now_ns
    wakes = int(world["wakes"])
    entries = list(zip(world["wake_dues"][:wakes].tolist(), world["wake_marks"][:wakes].tolist(), strict=True))
    engine.timers.restore(actor.id, WAKE, entries, int(world["wakes_set"]))
    engine.next_due_ns = engine.timers.next_ns
    rates = Rates()
    copy_back(world["rates"], rates)
    times = world["times"]
    engine.gate.restore(
        [int(time) for time in times_of(rates.second, times)], [int(time) for time in times_of(rates.minute, times)]
    )
    _restore_manager(engine, world, narrator, fee_unit, actor.id)


def _restore_manager(engine: Any, world: Any, narrator: Narrator, fee_unit: int, strategy_id: str) -> None:  # noqa: ANN401
    """Let the shadow's order manager take over orders, positions and cash."""
    manager = engine.manager
    net, own = [], []
    for market in engine.markets:
        factor = market.instrument.notional_factor
        net.append(_position(world["net"][market.index], market.index, factor, fee_unit))
        own.append((strategy_id, _position(world["own"][market.index], market.index, factor, fee_unit)))
    totals = manager.totals.__class__()
    copy_back(world["totals"], totals)
    rows = world["tickets"][: int(world["rows_used"])]
    closings = dict(zip(rows["client_number"].tolist(), rows["closing"].tolist(), strict=True))
    past = narrator.past
    manager.restore(
        past.open_orders(),
        past.closed_orders(closings),
        totals,
        net,
        own,
        balances=narrator.ledger.balances(),
    )


def _position(row: Any, index: int, factor: int, fee_unit: int) -> Position:  # noqa: ANN401
    """Return a position with its fees as money."""
    numbers = PositionNumbers()
    copy_back(row, numbers)
    position = Position(index, factor)
    numbers.fees, numbers.fees_rest = numbers.fees * fee_unit + numbers.fees_rest, 0
    position.take(numbers)
    return position
