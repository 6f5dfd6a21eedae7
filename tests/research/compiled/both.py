"""Both drivers on the same inputs: what each did, and the digest of the engine that it leaves."""

import inspect
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from connectors.sim.fees import fee_unit
from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimSettings
from core.arrays import SLOT_DTYPE
from core.effects import Alert, StrategyChanged
from core.events import (
    CANCEL_ALL,
    CommandReceived,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
)
from core.instruments import Instrument
from core.money import MONEY_UNIT
from core.orders import Refusal
from core.records import ASK, EVENT, FIRST, LAST, NO_INSTRUMENT, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from engine import EngineSettings, StrategySpec, build_engine
from engine.virtual import VirtualRun
from research.compiled.driver import CompiledRun
from research.compiled.narrate import Narrator
from research.compiled.restore import restore
from risk.limits import RiskLimits
from strategies import Kernel

DRAIN_NS = 60_000_000_000
BEGIN_NS = 1_700_000_000_000_000_000
PIECES = 3  # in which records are handed over
Commands = tuple[str, ...]
"""An operator's command after each piece of the records, "" for none."""


class Done(NamedTuple):
    """What one driver did: (time, effect) in order, and the engine's digest at the end."""

    effects: list[tuple[int, object]]
    digest: str
    state: list[object]


def settings_of(kernel: type[Kernel], params: Any, instruments: list[Instrument], limits: RiskLimits) -> EngineSettings:
    names = tuple(instrument.id for instrument in instruments)
    return EngineSettings(
        epoch=77,
        seed=5,
        limits=limits,
        strategies=(StrategySpec(id="kernel", strategy=kernel, params=params, instruments=names),),
        balances={"USDT": 10**6 * MONEY_UNIT, "USD": 5 * MONEY_UNIT},
    )


def payload(kind: Kind, struct: object, now_ns: int, index: int = NO_INSTRUMENT) -> Event:
    return (kind, 0, index, now_ns, 0, struct, 0, 0, 0, 0)


def opening(instruments: list[Instrument]) -> list[Event]:
    venue = instruments[0].venue
    return [
        *(payload(Kind.INSTRUMENT, InstrumentDefined(each), BEGIN_NS, at) for at, each in enumerate(instruments)),
        payload(Kind.FEED, FeedChanged(venue=venue, state=FeedState.CONNECTED), BEGIN_NS),
        payload(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.READY), BEGIN_NS),
    ]


def command(name: str, now_ns: int) -> Event:
    return payload(Kind.COMMAND, CommandReceived(name=name, strategy_id="" if name == CANCEL_ALL else "kernel"), now_ns)


def draining(now_ns: int) -> Event:
    return payload(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.DRAINING), now_ns)


def in_python(
    settings: EngineSettings, sim: SimSettings, instruments: list[Instrument], slots: Any, commands: Commands = ()
) -> Done:
    """Run the Python driver; a command comes after each piece of the records."""
    effects: list[tuple[int, object]] = []
    engine = build_engine(settings)
    paper = PaperExecution(sim, engine.markets)
    virtual = VirtualRun(engine, paper, watch=lambda now_ns, told: effects.extend((now_ns, effect) for effect in told))
    for event in opening(instruments):
        virtual.feed(event)
    for piece, name in zip_longest(np.array_split(slots, PIECES), commands):
        for event in EVENT.iter_unpack(piece.tobytes()):
            if event[0] == Kind.BAR:
                virtual.catch_up(event[4] - 1)
                paper.open_bar(event)
            virtual.feed(event)
        if name:
            virtual.feed(command(name, int(piece["recv_ns"][-1])))
    last_ns = int(slots["recv_ns"][-1])
    virtual.feed(draining(last_ns))
    virtual.catch_up(last_ns + DRAIN_NS)
    return Done(comparable(effects), engine.digest().hex(), parts(engine))


def compiled(
    settings: EngineSettings, sim: SimSettings, instruments: list[Instrument], slots: Any, commands: Commands = ()
) -> Done:
    """Run the compiled driver, the records handed over in pieces, a command after each."""
    told: list[Any] = []  # rows of the log, or effects of the shadow
    kernel = settings.strategies[0].strategy
    source = Path(inspect.getfile(kernel)).read_text(encoding="utf-8")  # as config reads a user's
    run = CompiledRun(settings, sim, source, lambda log: told.append(log.copy()))

    def step(event: Event) -> None:
        if run.started:
            run.pass_time(event[3])
            run.flush()
        told.append([(event[3], effect) for effect in run.step(event)])

    for event in opening(instruments):
        step(event)
    for piece, name in zip_longest(np.array_split(slots, PIECES), commands):
        at = 0
        while at < len(piece):
            at = run.run(piece, at, len(piece))
        if name:
            step(command(name, int(piece["recv_ns"][-1])))
    last_ns = int(slots["recv_ns"][-1])
    step(draining(last_ns))
    run.pass_time(last_ns + DRAIN_NS)
    run.flush()
    narrator = Narrator(run.engine, settings, sim)
    effects: list[tuple[int, object]] = []
    for each in told:
        effects += each if isinstance(each, list) else [(now, effect) for _, now, effect in narrator.tell(each)]
    restore(run.engine, run.world, narrator, fee_unit(sim))
    return Done(comparable(effects), run.engine.digest().hex(), parts(run.engine))


def comparable(effects: list[tuple[int, object]]) -> list[tuple[int, object]]:
    """Return effects without the texts that the compiled driver does not make."""
    return [(now_ns, _comparable(effect)) for now_ns, effect in effects]


def _comparable(effect: object) -> object:
    if isinstance(effect, Refusal):
        return msgspec.structs.replace(effect, limit="", figure="", message="")
    if isinstance(effect, Alert):
        return msgspec.structs.replace(effect, message="")
    if isinstance(effect, StrategyChanged):
        return msgspec.structs.replace(effect, reason="")
    return effect


def parts(engine: Any) -> list[object]:
    """Return the parts of a digest, for a difference that can be read."""
    return [
        engine.manager.state(),
        engine.gate.state(),
        engine.timers.state(),
        engine.bus.state(),
        [actor.digest_state() for actor in engine.desk.actors],
    ]


def market_slots(seed: int, count: int, instruments: int, *, bars: bool = False) -> Any:
    """Return a random walk of quotes, trades and book updates, or of bars, as slots."""
    rng = np.random.default_rng(seed)
    slots = np.zeros(count, SLOT_DTYPE)
    now_ns = BEGIN_NS
    mids = [600_000 + 1_000 * each for each in range(instruments)]
    updates = [0] * instruments
    for at, slot in enumerate(slots):
        index = at % instruments
        if bars:
            now_ns = BEGIN_NS + (at // instruments + 1) * 60_000_000_000
            opened = mids[index]
            mids[index] += int(rng.integers(-60, 61))
            high, low = max(opened, mids[index]) + int(rng.integers(0, 30)), min(opened, mids[index]) - 11
            slot["kind"], slot["flags"], slot["venue_ns"] = Kind.BAR, 2, now_ns - 60_000_000_000
            slot["a"], slot["b"], slot["c"], slot["d"], slot["e"] = opened, high, low, mids[index], 1000
        else:
            now_ns += int(rng.integers(1, 4_000_000))
            mids[index] += int(rng.integers(-3, 4))
            _market_event(slot, rng, mids[index], updates, index, now_ns)
        slot["instrument"], slot["recv_ns"] = index, now_ns
    return slots


def _market_event(slot: Any, rng: Any, mid: int, updates: list[int], index: int, now_ns: int) -> None:
    chosen = rng.integers(0, 10)
    size = int(rng.integers(1, 400)) * 1_000
    if updates[index] == 0 or chosen < 4:
        updates[index] += 1
        first = updates[index] == 1
        is_ask = bool(rng.integers(0, 2))
        away = int(rng.integers(1, 12))
        slot["kind"] = Kind.BOOK
        slot["flags"] = FIRST | LAST | (SNAPSHOT if first else 0) | (ASK if is_ask else 0)
        slot["a"], slot["b"] = mid + away if is_ask else mid - away, size if rng.integers(0, 3) else 0
        slot["c"] = slot["d"] = updates[index]
        slot["e"] = updates[index] - 1
        slot["venue_ns"] = now_ns - 1_000
    elif chosen < 7:
        slot["kind"] = Kind.QUOTE
        slot["a"], slot["b"], slot["c"], slot["d"] = mid - 2, size, mid + 2, size // 2 + 1_000
        slot["e"], slot["venue_ns"] = updates[index], now_ns - 2_000
    else:
        slot["kind"] = Kind.TRADE
        slot["flags"] = SELL_AGGRESSOR if rng.integers(0, 2) else 0
        slot["a"], slot["b"] = mid + int(rng.integers(-4, 5)), size
        slot["c"], slot["venue_ns"] = now_ns % 1_000_000, now_ns - 3_000


def book_slots(seed: int, count: int) -> Any:
    """Return a market told by its book alone, and trades: messages of several levels, snapshots now and then."""
    rng = np.random.default_rng(seed)
    sides: list[dict[int, int]] = [{}, {}]  # bids, asks
    now_ns, mid, update = BEGIN_NS, 600_000, 0
    rows: list[tuple[Any, ...]] = []
    while len(rows) < count:
        now_ns += int(rng.integers(1, 4_000_000))
        mid += int(rng.integers(-1, 2))
        if update and rng.integers(0, 5) == 0:
            seller = int(rng.integers(0, 2))
            price = mid + int(rng.integers(-3, 4))
            rows.append(
                (Kind.TRADE, SELL_AGGRESSOR * seller, now_ns, price, int(rng.integers(1, 200)) * 1_000, 0, 0, 0)
            )
            continue
        update += 1
        levels = _changes(rng, sides, mid)
        snapshot = update == 1 or rng.integers(0, 40) == 0
        if snapshot:
            levels = [(which, price, left) for which in (0, 1) for price, left in sorted(sides[which].items())]
        for at, (which, price, left) in enumerate(levels):
            flags = ASK * which | FIRST * (at == 0) | LAST * (at == len(levels) - 1) | SNAPSHOT * bool(snapshot)
            rows.append((Kind.BOOK, flags, now_ns, price, left, update, update, update - 1))
    slots = np.zeros(len(rows), SLOT_DTYPE)
    for name, column in zip(
        ("kind", "flags", "recv_ns", "a", "b", "c", "d", "e"), zip(*rows, strict=True), strict=True
    ):
        slots[name] = column
    slots["venue_ns"] = slots["recv_ns"] - 2_000
    return slots


def _changes(rng: Any, sides: list[dict[int, int]], mid: int) -> list[tuple[int, int, int]]:
    """Change a few levels, taking away what a new one would cross; return (side, price, quantity left)."""
    changed = []
    for _ in range(int(rng.integers(1, 4))):
        which = int(rng.integers(0, 2))
        sign = 1 - 2 * which
        price = mid - sign * int(rng.integers(1, 9))
        for crossed in [each for each in sides[1 - which] if (price - each) * sign >= 0]:
            del sides[1 - which][crossed]
            changed.append((1 - which, crossed, 0))
        left = int(rng.integers(0, 4)) * int(rng.integers(1, 99)) * 1_000
        sides[which][price] = left
        if not left:
            del sides[which][price]
        changed.append((which, price, left))
    return changed
