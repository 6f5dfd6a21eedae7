"""A backtest's run by the compiled driver, in the shape of `engine.virtual.VirtualRun`.

The loop writes down what it does in numbers. They are told as effects only where somebody watches: writing a run folder
of half a million orders takes longer than trading them.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from connectors.sim.fees import fee_unit
from connectors.sim.settings import SimSettings
from core.arrays import SLOT_DTYPE
from core.effects import Effect
from core.records import Event
from engine.build import EngineSettings
from engine.virtual import Watcher
from research.backtest.data import Run
from research.compiled.driver import CompiledRun, Say
from research.compiled.narrate import Narrator
from research.compiled.restore import restore
from research.compiled.tables import FILL, REFUSAL, SUBMIT
from risk.checks import CHECKS

Slots = np.ndarray[Any, Any]
COUNTED = 16


class CompiledVirtual:
    """One run in virtual time by the compiled loop. `engine` is its shadow; after `finish` it is what lived the run."""

    def __init__(
        self, settings: EngineSettings, sim: SimSettings, source: str, *, tell: bool, say: Say | None = None
    ) -> None:
        """Run the one kernel of `settings`. With `tell`, effects go to `watch`, and the engine can be restored.

        Raises NotCompilable.
        """
        self._settings = settings
        self._sim = sim
        self._tell = tell
        self._narrator: Narrator | None = None
        self._sampling: tuple[int, int, Callable[[int], None]] | None = None
        self._run = CompiledRun(settings, sim, source, self._take, say)
        self.engine = self._run.engine
        self.watch: Watcher | None = None
        self.restored = False
        self.effects = 0
        self.orders = 0
        self.fills = 0
        self.refusals: Counter[str] = Counter()

    @property
    def compile_s(self) -> float:
        """How long compiling, or loading what was compiled before, took: no part of the run."""
        return self._run.compile_s

    def feed(self, event: Event) -> None:
        """Feed an input that carries a payload, after what falls due before it."""
        if self._run.started:
            self._run.pass_time(event[3])
            self._run.flush()
        self._watched(event[3], list(self._run.step(event)))

    def feed_records(self, records: Run) -> None:
        """Feed records of the market; before the strategies start, the shadow takes them one by one."""
        slots = records.slots if records.slots is not None else slots_of(records.events)
        run, at = self._run, 0
        if not run.started:
            for event in _events(slots):
                self._watched(event[3], list(run.step(event)))
            return
        while at < len(slots):
            at = run.run(slots, at, len(slots))

    def sample_from(self, first_ns: int, step_ns: int, sample: Callable[[int], None]) -> None:
        """Call `sample` at `first_ns` and at every step from there; call it once the strategies have started."""
        self._run.world["sample_ns"], self._run.world["sample_step_ns"] = first_ns, step_ns
        self._sampling = (first_ns, step_ns, sample)

    def stop_samples(self) -> None:
        """Take no more samples."""
        self._run.world["sample_ns"] = np.iinfo(np.int64).max

    def catch_up(self, now_ns: int) -> None:
        """Let time pass."""
        if self._run.started:
            self._run.pass_time(now_ns)

    def finish(self) -> None:
        """Let the shadow become the engine that lived through the run."""
        self._run.flush()
        if self._narrator is not None:
            restore(self.engine, self._run.world, self._narrator, fee_unit(self._sim))
            self.restored = True

    @property
    def now_ns(self) -> int:
        """The time of the last input."""
        return int(self._run.world["now_ns"]) if self._run.started else self.engine.now_ns

    def _take(self, rows: Slots) -> None:
        """Count what the log says, and tell it where somebody watches."""
        counts = np.bincount(rows["kind"], minlength=COUNTED)
        self.orders += int(counts[SUBMIT])
        self.fills += int(counts[FILL])
        for check in rows["a"][rows["kind"] == REFUSAL].tolist():
            self.refusals[CHECKS[check][0]] += 1
        if not self._tell:
            return
        if self._narrator is None:
            self._narrator = Narrator(self.engine, self._settings, self._sim)
            if self._sampling is not None:
                self._narrator.on_sample = self._sampling[2]
        for _, now_ns, effect in self._narrator.tell(rows):
            self.effects += 1
            if self.watch is not None:
                self.watch(now_ns, (effect,))

    def _watched(self, now_ns: int, effects: list[Effect]) -> None:
        """Tell the shadow's own effects."""
        self.effects += len(effects)
        if self.watch is not None:
            self.watch(now_ns, effects)


def slots_of(events: Any) -> Slots:  # noqa: ANN401 - any iterable of plain events
    """Return plain events as records."""
    rows = [(0, *event) for event in events]
    return np.array(rows, SLOT_DTYPE)


def _events(slots: Slots) -> list[Event]:
    """Return records as plain events."""
    return [tuple(row[1:]) for row in slots.tolist()]
