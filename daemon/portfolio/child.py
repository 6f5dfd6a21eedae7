"""The worker's own process: keeps the history of prices, measures each snapshot, answers, ends when stdin does."""

import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.portfolio import PortfolioRisk
from daemon.errors import DaemonError
from daemon.portfolio.history import History
from daemon.portfolio.scenario_file import read_scenarios
from daemon.portfolio.setup import Setup
from risk.portfolio.errors import PortfolioError, TooFewObservations
from risk.portfolio.measure import measure
from risk.portfolio.messages import Snapshot
from risk.portfolio.scenarios import HISTORICAL

NICENESS = 10  # figures may be late, orders may not


class Worker:
    """One worker's history and way of measuring."""

    def __init__(self, setup: Setup) -> None:
        """Read the history there is. Raises UsageError, OSError."""
        own = read_scenarios(Path(setup.scenarios)) if setup.scenarios else ()
        self.history = History(setup.measures.bar_ns, setup.window, Path(setup.file) if setup.file else None)
        for name, path in setup.seed_files.items():
            self.history.seed(name, Path(path))
        self._measures = msgspec.structs.replace(setup.measures, scenarios=(*HISTORICAL, *own))

    def answer(self, snapshot: Snapshot) -> PortfolioRisk:
        """Take a snapshot's prices into the history and return its figures, or why there are none."""
        try:
            self.history.add(snapshot.time_ns, snapshot.prices)
            return measure(snapshot, self.history.prices(), self._measures)
        except TooFewObservations as error:
            return problem(snapshot, str(error), "history")
        except PortfolioError as error:
            return problem(snapshot, str(error), "data")
        except OSError as error:
            return problem(snapshot, str(error), "file")


def problem(snapshot: Snapshot, why: str, kind: str) -> PortfolioRisk:
    """Return the answer to a snapshot that has no figures."""
    base = snapshot.base_currency
    return PortfolioRisk(as_of_ns=snapshot.time_ns, base_currency=base, problem=why, problem_kind=kind)


def serve(source: BinaryIO, out: BinaryIO) -> int:
    """Answer line by line until the source ends; return the exit status. Without a beginning, say so to the first."""
    line = source.readline()
    if not line:
        return 0
    worker, why = None, ""
    try:
        worker = Worker(msgspec.json.decode(line, type=Setup))
    except (DaemonError, OSError) as error:
        why = str(error)
    decoder, encoder = msgspec.json.Decoder(Snapshot), msgspec.json.Encoder()
    while line := source.readline():
        snapshot = decoder.decode(line)
        told = problem(snapshot, why, "setup") if worker is None else worker.answer(snapshot)
        out.write(encoder.encode(told) + b"\n")
        out.flush()
    return 0


def main() -> int:
    """Run until stdin ends; return the exit status."""
    # The daemon decides when it is over: its signals are not ours, a terminal's Ctrl-C above all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    try:
        return serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the daemon is gone; nothing is left to say
        return 0
    except Exception as error:
        if os.environ.get("TICKERD_TRACEBACK"):
            raise
        why = f"a defect of the risk worker, {error!r}; TICKERD_TRACEBACK=1 shows where it happened"
        sys.stdout.buffer.write(msgspec.json.encode({"defect": why}) + b"\n")
        return 1
