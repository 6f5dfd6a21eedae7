"""The compiled driver: records in, through the compiled loop, to a log of effects and an engine that has lived them.

A Python engine stands beside the loop as its shadow: inputs that carry a payload (instruments, feeds, the daemon's
life) go through it, and what they change is copied into the tables. It sees no market data and no order.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from connectors.sim.bounds import venue_fits_64_bits
from connectors.sim.codes import REPORT_TYPES
from connectors.sim.fees import fee_unit
from connectors.sim.listing import Listing, define, venue_numbers
from connectors.sim.settings import FeeCurrency, SimSettings, uncompilable
from core.arrays import SLOT_DTYPE
from core.clock import NEVER
from core.effects import Effect
from core.events import CANCEL_ALL, CommandReceived, LifecycleChanged, LifecycleState
from core.instruments import Instrument
from core.records import Event, Kind
from engine.actors import Actor
from engine.build import EngineSettings, build_engine
from engine.engine import Engine
from oms.codes import NEXT, STATE_UNKNOWN
from oms.reports import STATUS_CODES
from oms.terms import Terms
from research.compiled.errors import CapacityExceeded, NotCompilable, NotStarted
from research.compiled.kept import is_kept
from research.compiled.layout import copy_back, dtype_of, fill
from research.compiled.specialise import Run, compile_now, specialise
from research.compiled.tables import (
    DESK_OVERFLOWED,
    INSTRUMENTS_MAX,
    LOG_FULL,
    MIXED_BARS,
    ORDERS_FULL,
    ORDERS_MAX,
    RATE_MAX,
    RUNAWAY,
    WAKE_IN_THE_PAST,
    TermsNumbers,
    world_type,
)
from risk.bounds import fits_64_bits
from risk.limits import resolve
from risk.rate import Rates
from risk.records import Asked, rules_of
from strategies.desk import KernelDesk
from strategies.kernel import Kernel

_STOPS = {
    DESK_OVERFLOWED: "the kernel asked for more than 256 things at one event",
    ORDERS_FULL: f"more than {ORDERS_MAX} orders are open or under way at once",
    RUNAWAY: "the kernel asked for more than 1,000 things at one event",
    MIXED_BARS: "the bars are of several lengths",
    WAKE_IN_THE_PAST: "the kernel asked to be woken at a time that is not ahead",
}

_ADAPTED = tuple(name for name in vars(Kernel) if name.startswith("on_"))
"""Callbacks that hand on to a kernel's functions, which the loop calls itself."""

_NO_SLOTS = np.zeros(0, SLOT_DTYPE)
Slots = np.ndarray[Any, Any]
Flush = Callable[[Slots], None]
Say = Callable[[str], None]
Worlds = np.ndarray[Any, Any]
World = Any
"""The one row of `tables.world_type`; numpy's void scalars have no useful type."""


class CompiledRun:
    """One run of one kernel. Until the strategies start its inputs go through the shadow; then `run` takes arrays.

    `flush` takes the rows of the log as it fills: what was done, in order.
    """

    def __init__(
        self, settings: EngineSettings, sim: SimSettings, source: str, flush: Flush, say: Say | None = None
    ) -> None:
        """Build the shadow engine; `source` is the text of the kernel's module, `say` is told of a compilation.

        Raises NotCompilable.
        """
        only_in_python = uncompilable(sim)
        if only_in_python:
            raise NotCompilable(
                f'the compiled driver does not have {", ".join(only_in_python)} of [paper.sim]: use driver = "python"'
            )
        if settings.limits.breakers is not None:
            raise NotCompilable('the compiled driver does not have [risk.breakers]: use driver = "python"')
        if settings.limits.controls is not None:
            raise NotCompilable('the compiled driver does not have [risk.controls]: use driver = "python"')
        if settings.limits.rules is not None:
            raise NotCompilable('the compiled driver does not have [risk.rules]: use driver = "python"')
        for spec in settings.strategies:
            for name, given in (("sizing", spec.sizing), ("exits", spec.exits)):
                if given is not None:
                    raise NotCompilable(f'the compiled driver does not have [strategies.{name}]: use driver = "python"')
        if settings.accounting.unusual:
            raise NotCompilable(
                f'the compiled driver does not have {", ".join(settings.accounting.unusual)}: use driver = "python"'
            )
        self.settings = settings
        self.sim = sim
        self.engine: Engine = build_engine(settings)
        self.world: World = None
        self._worlds: Worlds | None = None  # the array of one row that `world` is
        self.compile_s = 0.0  # how long compiling, or loading what was compiled before, took
        self._say = say
        self._events = 0
        self._kernel = _only_kernel(settings)
        self._flush = flush
        self._run = specialise(self._kernel, source)  # type: ignore[arg-type] # mypy doubts that classes hash
        self._enter: Run = self._run  # its machine code, once there is

    @property
    def started(self) -> bool:
        """Whether the strategies have started, so that `run` takes over."""
        return self.world is not None

    # -- inputs ----------------------------------------------------------------------------------------------------

    def step(self, event: Event) -> Sequence[Effect]:
        """Take an input that carries a payload, or any input before the start; return the shadow's effects.

        The loop must have been brought up to its time: `run` stops before such a record by itself.
        """
        world, markets = self.world, self.engine.markets
        if world is None:
            self._events += 1
            effects = self.engine.step(event)
            if _starts(event):
                self._start()
            return effects
        for market in markets:
            copy_back(world["markets"][market.index], market)
        world["events"] += 1
        world["now_ns"] = event[3]
        was_active = self._actor.active
        effects = self.engine.step(event)
        if event[0] == Kind.INSTRUMENT:
            self._define(event[2])
        for market in markets:
            fill(world["markets"][market.index], market)
        told = event[5]
        if isinstance(told, LifecycleChanged):
            world["ready"] = told.state is LifecycleState.READY
            self._follow(cancels=told.state is LifecycleState.DRAINING)
        elif isinstance(told, CommandReceived):
            is_paused = was_active and not self._actor.active
            self._follow(cancels=is_paused or (told.name == CANCEL_ALL and told.strategy_id in {"", self._actor.id}))
        return effects

    def run(self, slots: Slots, begin: int, end: int) -> int:
        """Run the records from `begin` on up to the next payload or to `end`; return where it stopped.

        Raises CapacityExceeded where the compiled form cannot hold what happens.
        """
        world = self.world
        world["bars_opened"] = 0
        slots = np.ascontiguousarray(slots, SLOT_DTYPE)
        while True:
            begin = self._enter(self._worlds, slots, begin, end)
            stop = int(world["stop"])
            if stop == LOG_FULL:
                self.flush()
            elif stop in _STOPS:
                raise CapacityExceeded(f'{_STOPS[stop]} at record {begin}: use driver = "python"')
            else:
                return begin

    def pass_time(self, until_ns: int) -> None:
        """Let time pass without records."""
        self.world["until_ns"] = until_ns
        self.run(_NO_SLOTS, 0, 0)
        self.world["until_ns"] = 0

    def flush(self) -> None:
        """Hand over the rows of the log and empty it."""
        world = self.world
        count = int(world["log_count"])
        if count:
            self._flush(world["log"][:count])
        world["log_count"] = world["cursor"] = world["first"] = 0

    # -- the parts -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Make the world from what the shadow has seen, and compile for it."""
        engine = self.engine
        [actor] = engine.desk.actors
        strategy = actor.strategy
        assert isinstance(strategy, Kernel)
        if not actor.active:
            raise NotStarted(f'strategy {actor.id} did not start; run it with driver = "python" to see why')
        self._worlds = _new_worlds(self.settings, self.sim, strategy.state)
        self.world = world = self._worlds[0]
        fill(world["desk"], strategy.desk)
        world["desk"]["next_number"] = strategy.context.counter.count + 1
        world["events"], world["now_ns"] = self._events, engine.now_ns
        world["ready"] = world["active"] = True
        for market in engine.markets:
            self._define(market.index)
            fill(world["markets"][market.index], market)
        begun = time.perf_counter()
        if self._say is not None and not is_kept(self._run):
            self._say(f"compiling the loop for {self._kernel.__name__}: once for this kernel and this build ...")
        self._enter = compile_now(self._run, self._kernel, (self._worlds, _NO_SLOTS, 0, 0))
        self.compile_s = time.perf_counter() - begun

    def _define(self, index: int) -> None:
        """Put an instrument's rules, limits, terms and listing into the world."""
        if index >= INSTRUMENTS_MAX:
            raise CapacityExceeded(f'more than {INSTRUMENTS_MAX} instruments: use driver = "python"')
        world, instrument = self.world, self.engine.markets[index].instrument
        if instrument.inverse:
            raise NotCompilable(
                f'{instrument.id} is an inverse contract, whose cost is no price times quantity: use driver = "python"'
            )
        if instrument.sessions:
            raise NotCompilable(
                f'{instrument.id} has trading sessions, which the compiled driver does not have: use driver = "python"'
            )
        if instrument.venue != self.engine.markets[0].instrument.venue:
            raise NotCompilable('the compiled driver trades at one venue: use driver = "python" for several')
        rules, limits, rates = rules_of(instrument), resolve(self.settings.limits, instrument), Rates()
        copy_back(world["rates"], rates)
        too_large = fits_64_bits(rules, limits, rates)
        if too_large:
            raise CapacityExceeded(f"{instrument.id}: {too_large}")
        fill(world["rules"][index], rules)
        fill(world["limits"][index], limits)
        fill(world["terms"][index], _terms_of(instrument, self.sim))
        listing = Listing()
        copy_back(world["listings"][index], listing)
        define(listing, self.sim, instrument)
        too_large = venue_fits_64_bits(listing, venue_numbers(self.sim).volume, limits.max_order_value)
        if too_large:
            raise CapacityExceeded(f"{instrument.id}: {too_large}")
        fill(world["listings"][index], listing)

    def _follow(self, *, cancels: bool) -> None:
        """Stop the kernel where the shadow's has stopped, and cancel what works, as the engine does."""
        world = self.world
        world["active"] = self._actor.active
        if not world["active"]:
            world["wakes"], world["wake_ns"] = 0, NEVER  # the engine drops the timers of a strategy that stops
        if cancels:
            rows = world["tickets"][: int(world["rows_used"])]
            numbers = np.sort(
                rows["client_number"][(rows["state_code"] <= STATE_UNKNOWN) & (rows["client_number"] > 0)]
            )
            world["cancels"][: len(numbers)] = numbers
            world["cancel_count"] = len(numbers)
            self.run(_NO_SLOTS, 0, 0)

    @property
    def _actor(self) -> Actor:
        """The one strategy, as the shadow has it."""
        return self.engine.desk.actors[0]


def _starts(event: Event) -> bool:
    """Whether the strategies start with this input."""
    return isinstance(event[5], LifecycleChanged) and event[5].state is LifecycleState.READY


def _terms_of(instrument: Instrument, sim: SimSettings) -> TermsNumbers:
    """Return what an instrument's fills move."""
    terms = Terms(instrument)
    return TermsNumbers(
        holds_base=terms.holds_base,
        is_option=terms.is_option,
        fees_in_base=sim.fee_currency is FeeCurrency.RECEIVED and instrument.holds_base,
        price_unit=terms.price_unit,
        fee_unit=fee_unit(sim),
    )


def _only_kernel(settings: EngineSettings) -> type[Kernel]:
    """Return the one kernel of the settings. Raises NotCompilable."""
    if len(settings.strategies) != 1:
        raise NotCompilable(
            f"the compiled driver runs one strategy, these settings have {len(settings.strategies)}: "
            'use driver = "python"'
        )
    [spec] = settings.strategies
    if not issubclass(spec.strategy, Kernel):
        raise NotCompilable(
            f"strategy {spec.id} ({spec.strategy.__name__}) is written in Python, not as a kernel: use "
            'driver = "python", or write it as strategies/kernels shows'
        )
    own = [name for name in _ADAPTED if getattr(spec.strategy, name) is not getattr(Kernel, name)]
    if own:
        raise NotCompilable(
            f"strategy {spec.id} ({spec.strategy.__name__}) has callbacks in Python ({', '.join(own)}), which "
            'would not be called, nor anything remembered there: use driver = "python"'
        )
    return spec.strategy


def _new_worlds(settings: EngineSettings, sim: SimSettings, state: object) -> Worlds:
    """Return an array of one world before any input, for a kernel's state."""
    if settings.limits.max_orders_per_minute > RATE_MAX:
        raise CapacityExceeded(
            f"risk.max_orders_per_minute is {settings.limits.max_orders_per_minute}, the compiled driver counts up to "
            f'{RATE_MAX}: lower it, or use driver = "python"'
        )
    worlds = np.zeros(1, world_type(dtype_of(type(state))))  # type: ignore[arg-type] # mypy doubts that classes hash
    world = worlds[0]
    rates = Rates()
    rates.second.limit = settings.limits.max_orders_per_second
    rates.minute.limit = settings.limits.max_orders_per_minute
    for name, record in (
        ("state", state),
        ("desk", KernelDesk()),
        ("wish", Asked()),
        ("rates", rates),
        ("venue", venue_numbers(sim)),
    ):
        fill(world[name], record)
    world["wake_ns"] = world["sample_ns"] = NEVER
    for index in range(INSTRUMENTS_MAX):
        fill(world["listings"][index], Listing())
    world["transitions"] = NEXT
    world["statuses"] = [STATUS_CODES.get(kind, 0) for kind in REPORT_TYPES]
    return worlds
