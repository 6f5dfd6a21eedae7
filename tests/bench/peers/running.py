"""One row after the other: the peer and ours in turn, each a process of its own, medians of what they say."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.bench.peers import ours
from tests.bench.peers.environments import NotInstalledError
from tests.bench.peers.figures import Compared, Run, Side
from tests.bench.peers.rows import Row

ENGINES = Path(__file__).parent / "engines"
ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 1_800


class FailedError(Exception):
    """A script ended without its line; says what it said instead."""


Command = Callable[[Row], Sequence[str]]


def peer_command(pythons: Mapping[str, Path | NotInstalledError], data: Path) -> Command:
    """Return how a row's peer is started; NotInstalledError where it cannot be had."""

    def command(row: Row) -> Sequence[str]:
        python = pythons[row.peer]
        if isinstance(python, NotInstalledError):
            raise python
        return [str(python), str(ENGINES / row.script), row.scenario, str(data)]

    return command


def our_command(data: Path) -> Command:
    """Return how our side of a row is started; NotInstalledError where no scenario of that name exists."""

    def command(row: Row) -> Sequence[str]:
        if row.ours not in ours.SCENARIOS:
            raise NotInstalledError(f"tickerd has no scenario {row.ours} yet")
        return [sys.executable, "-m", "tests.bench.peers.ours", row.ours, str(data)]

    return command


def measure(row: Row, runs: int, theirs: Command, mine: Command, scratch: Path) -> Compared:
    """Run the two sides of a row in turn `runs` times; a side that fails is told, the other one still measured."""
    commands: list[Sequence[str]] = []
    missing = ["", ""]
    for number, side in enumerate((theirs, mine)):
        try:
            commands.append(side(row))
        except NotInstalledError as error:
            commands.append(())
            missing[number] = str(error)
    taken: tuple[list[Run], list[Run]] = ([], [])
    for _ in range(runs):
        for number, command in enumerate(commands):
            if missing[number]:
                continue
            try:
                taken[number].append(launch(command, ROOT if number else scratch))
            except FailedError as error:
                missing[number] = str(error)
    sides = [_side(row, done, why) for done, why in zip(taken, missing, strict=True)]
    both = sides[0].rate and sides[1].rate
    return Compared(
        name=row.name,
        title=row.title,
        peer=row.peer,
        unit=row.unit,
        goal=row.goal,
        ratio=sides[1].rate / sides[0].rate if both else 0.0,
        theirs=sides[0],
        ours=sides[1],
    )


def launch(command: Sequence[str], folder: Path) -> Run:
    """Run a script in `folder` and return what its last line says; it inherits the core that this process stays on."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    try:
        done = subprocess.run(
            command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired as error:
        raise FailedError(f"{command[1]} took more than {LIMIT_S} s") from error
    said = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode:
        raise FailedError(f"{Path(command[1]).name} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    try:
        return msgspec.json.decode(said.encode(), type=Run)
    except msgspec.DecodeError as error:
        raise FailedError(f"{Path(command[1]).name} said {said[:200]!r} instead of its figures: {error}") from error


def _side(row: Row, runs: list[Run], missing: str) -> Side:
    """Return the medians of one side."""
    if missing or not runs:
        return Side(missing=missing or "no run")
    return Side(
        rate=statistics.median(run.events / row.per / run.seconds for run in runs),
        orders=runs[0].orders,
        peak_rss_mb=statistics.median(run.peak_rss_mb for run in runs),
        version=runs[0].version,
        waited=statistics.median(run.seconds / max(run.cpu_seconds, 1e-9) for run in runs),
    )
