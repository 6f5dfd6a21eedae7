"""A kill at every boundary of a scripted day, each followed by four in the recoveries, and what it came to.

python -m tests.crash.sweep FOLDER [WORKERS [FROM]] [--day spot|one-way|hedge] [--every N]
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.boundaries import (
    AFTER,
    BEFORE,
    ENDING,
    JOURNAL,
    KINDS,
    ORDERS,
    REST,
    STARTING,
    STREAM,
    TORN,
    TRADING,
    WAYS,
    Told,
)
from tests.crash.days import DAYS, SPOT, Day
from tests.crash.lives import Death, Lives, Outcome

DEPTH = 5
RECOVERY = 100
"""Boundaries of a recovery, and some more: a death beyond the last one is one in the trading that comes after it."""
_BYTES = (JOURNAL, ORDERS, STREAM, REST)  # half of them may be out
_SENDS = (ORDERS, STREAM, REST)
"""After any other the world is as it is before the next one: nothing leaves the process in between. What was sent is
in the loop's own buffer for a while, so a death right after a send is forced to be one with the bytes out."""
_SURE = 8  # boundaries in a row that are not reached: the day has no more. More than workers at a time
_PHASES = {STARTING: "until READY", TRADING: "while trading", ENDING: "while ending"}


class Tally:
    """What a sweep came to."""

    def __init__(self) -> None:
        self.schedules = self.lives = self.executions = 0
        self.boundaries = 0  # of the day, as far as one was reached
        self.kills: Counter[tuple[str, str]] = Counter()  # kind of boundary, way
        self.phases: Counter[tuple[bool, str]] = Counter()  # whether in a recovery, phase
        self.starts: Counter[int] = Counter()  # boundaries of recoveries at which one died
        self.ready: Counter[int] = Counter()  # how many boundaries the recoveries had that came to READY
        self.orders: Counter[str] = Counter()  # by the state that they ended in
        self.failures: list[str] = []
        self._began_s = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Count one schedule."""
        self.schedules += 1
        self.lives += len(outcome.lives)
        self.orders.update(outcome.orders)
        self.executions += outcome.executions
        for number, told in enumerate(outcome.lives):
            if number and told.phases[-1] != STARTING:
                self.ready[told.phases.count(STARTING)] += 1
            if not told.way:
                continue
            phase = told.phases[-1]
            self.kills[told.kinds[-1], told.way] += 1
            self.phases[number > 0, phase] += 1
            if number and phase == STARTING:
                self.starts[told.count - 1] += 1

    def missed(self) -> list[int]:
        """The boundaries that every recovery has and none died at."""
        return [number for number in range(min(self.ready, default=0)) if not self.starts[number]]

    def table(self) -> str:
        """Tell it."""
        rows = [f"{'killed at':26}" + "".join(f"{way:>8}" for way in WAYS)]
        rows += [f"{name:26}" + "".join(f"{self.kills[kind, way]:8}" for way in WAYS) for kind, name in KINDS.items()]
        rows += [f"{'':26}{'first':>8}{'later':>8}"]
        rows += [f"{name:26}{self.phases[False, each]:8}{self.phases[True, each]:8}" for each, name in _PHASES.items()]
        fewest, most = min(self.ready, default=0), max(self.ready, default=0)
        rows += [
            f"{self.boundaries} boundaries of the day swept in {time.monotonic() - self._began_s:.0f} s",
            f"{self.schedules} schedules, {self.lives} lives, {sum(self.kills.values())} kills",
            f"{len(self.failures)} failures",
            f"recoveries had {fewest} to {most} boundaries before READY, and died at {len(self.starts)} of them"
            + (f", not at {self.missed()}" if self.missed() else ""),
            f"{self.executions} executions; orders " + ", ".join(f"{n} {s}" for s, n in sorted(self.orders.items())),
        ]
        return "\n".join(rows)


class Sweep:
    """What workers share: which boundary is next, which deaths in recovery are next, the tally."""

    def __init__(self, told: Path, day: Day, first: int = 0, every: int = 1) -> None:
        """From boundary `first` on to the end of the day, each or one in so many; `told` always tells the tally."""
        self.tally = Tally()
        self._told = told
        self._day = day
        self._lock = threading.Lock()
        self._at = first
        self._every = every
        self._reached = first
        self._deaths = deaths(first)

    def work(self, folder: Path) -> None:
        """Sweep until there is nothing left."""
        folder.mkdir(parents=True, exist_ok=True)
        with Lives(folder, self._day) as lives:
            while (at := self._next()) is not None:
                self._boundary(lives, at)

    def _next(self) -> int | None:
        with self._lock:
            if self._at > self._reached + _SURE * self._every:
                return None
            self._at += self._every
            return self._at - self._every

    def _boundary(self, lives: Lives, at: int) -> None:
        """Die at one boundary of the day in each way that there is."""
        kind = ""
        for way in (BEFORE, AFTER, TORN):
            if (way == TORN and kind not in _BYTES) or (way == AFTER and kind not in _SENDS):
                continue
            with self._lock:
                chosen = [Death(at, way), *(next(self._deaths) for _ in range(DEPTH - 1))]
            told = self._schedule(lives, chosen)
            if told is not None and told.way:
                kind = told.kinds[at]
        if kind:
            with self._lock:
                self.tally.boundaries += 1
                self._reached = max(self._reached, at)
                self._told.write_text("\n\n".join((*self.tally.failures, self.tally.table(), "")))

    def _schedule(self, lives: Lives, chosen: list[Death]) -> Told | None:
        """One schedule, and how its first life ended; a failure is noted, and the sweep goes on."""
        try:
            outcome = lives.schedule(chosen)
        except AssertionError as error:
            with self._lock:
                self.tally.schedules += 1
                self.tally.failures.append(f"{chosen}: {error}")
            return None
        with self._lock:
            self.tally.add(outcome)
        return outcome.lives[0]


def deaths(seed: int) -> Iterator[Death]:
    """Deaths in recovery for ever: all of them in an order that the seed decides, then all in another."""
    rng = random.Random(seed)
    deck = [Death(at, way) for at in range(RECOVERY) for way in WAYS]
    while True:
        rng.shuffle(deck)
        yield from deck


def sweep(folder: Path, workers: int, day: Day = SPOT, *, first: int = 0, every: int = 1) -> Tally:
    """Sweep a day with so many daemons at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    shared = Sweep(folder / "tally.txt", day, first, every)
    with ThreadPoolExecutor(workers) as pool:
        done = [pool.submit(shared.work, folder / f"worker-{number}") for number in range(workers)]
    for each in done:
        each.result()
    return shared.tally


def main(words: list[str]) -> int:
    """Sweep and tell; 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("workers", type=int, nargs="?", default=1)
    parser.add_argument("first", type=int, nargs="?", default=0, metavar="FROM")
    parser.add_argument("--day", choices=list(DAYS), default=SPOT.name)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    given = parser.parse_args(words)
    tally = sweep(given.folder, given.workers, DAYS[given.day], first=given.first, every=given.every)
    for failure in tally.failures:
        sys.stdout.write(f"FAILED {failure}\n\n")
    sys.stdout.write(tally.table() + "\n")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
