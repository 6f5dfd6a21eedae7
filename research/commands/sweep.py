"""`tickerd sweep -c FILE --vary NAME=VALUES`: every combination of some parameters, each a whole backtest."""

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from config.load import Config

EPILOG = """examples:
  tickerd sweep -c my.toml --vary fast=5:50:5 --vary slow=60,80,100
  tickerd sweep -c my.toml --data var/histories/bars-1 --vary fast=2:40 --vary slow=50:300:10 --by sharpe --jobs 4
  tickerd sweep -c my.toml --vary quantity=0.01:0.05:0.01 --driver python --out var/sweeps/first --json

A range FIRST:LAST:STEP holds LAST where it comes to it; ranges and single values stand side by side with commas. All
combinations are run, event by event, through gate, order manager, simulated venue and ledger, over the data of
[backtest]: a kernel (`use = "ema-cross-kernel"`) by the compiled driver, thousands of times as fast as a strategy
written in Python, which goes through the Python driver. Combinations that the strategy's parameters or its `prepare`
refuse are passed over and counted. --out keeps all trials (trials.parquet), summary and heat map (docs/sweep.md).

The best of many is over-fitted: it was chosen because it fits this data. How many were tried is always told; judge the
chosen parameters on data that no trial has seen.

Ctrl-C ends the sweep after the trials that are running and keeps what was done; a second one ends at once.

exit codes: 0 ok, 2 usage, settings, data, or no combination that can be run, 4 damaged data, 7 interrupted
"""

OK, INTERRUPTED = 0, 7
BY = ("return", "profit", "sharpe", "drawdown", "fees", "orders")  # the names of `research.sweep.result.ORDERS`
JOBS_MAX = 512


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings, TOML")
    parser.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="NAME=VALUES",
        help="a parameter and its values, as 5:50:5 or 60,80,100; may be said again, for every combination",
    )
    parser.add_argument("--strategy", default="", metavar="ID", help="whose parameters, where there are several")
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a session or a history, instead of [backtest] data; may be said again, to merge several",
    )
    parser.add_argument("--by", choices=BY, default="return", help="which comes first (default: return)")
    parser.add_argument("--top", type=_count, default=20, metavar="N", help="how many to show (default 20)")
    parser.add_argument(
        "--jobs", type=_jobs, default=1, metavar="N", help="processes (default 1; 0: one for each core)"
    )
    parser.add_argument("--currency", default="", metavar="NAME", help="the one to count in, where there are several")
    parser.add_argument("--driver", choices=["compiled", "python"], help="default: compiled for a kernel")
    parser.add_argument("--out", type=Path, metavar="DIR", help="a new folder for all trials; without it none is kept")
    parser.add_argument("--json", action="store_true", help="one JSON object: the summary with the best")


def run(options: argparse.Namespace) -> int:
    """Carry it out. Raises SweepError and what a backtest raises."""
    from config.load import load
    from config.progress import progress_bar
    from research.backtest.folder import create_run_folder
    from research.backtest.sources import open_data
    from research.lookahead.known import refuse_early
    from research.sweep.folder import write_folder
    from research.sweep.heatmap import heat_map
    from research.sweep.plan import plan_of
    from research.sweep.runner import Runner, nothing_to_run
    from research.sweep.summary import summary_of
    from research.sweep.table import write_answer
    from research.sweep.workers import run_all

    config = _configured(load(options.config), options)
    plan = plan_of(config, options.vary, strategy=options.strategy, driver=options.driver, currency=options.currency)
    with progress_bar("reading", quiet=options.json) as progress, open_data(config.settings.backtest, progress) as data:
        refuse_early(data.sources())
    jobs = min(options.jobs, plan.grid.size)
    with _stopped_by_ctrl_c() as stopped:
        folder = create_run_folder(options.out, Path()) if options.out is not None else None
        with Runner(plan, say=_say) as runner, progress_bar("sweep", quiet=options.json) as progress:
            begun = time.perf_counter()
            trials = run_all(plan, runner, jobs, _telling(progress, plan.grid.size, runner.inputs), stopped)
            elapsed_s = time.perf_counter() - begun
        if trials and all(trial.refused for trial in trials):
            raise nothing_to_run(len(trials), trials[0].problem)
        summary = summary_of(runner, trials, by=options.by, top=options.top, jobs=jobs, elapsed_s=elapsed_s)
    found = heat_map(plan.grid, trials, options.by)
    if folder is not None:
        summary = msgspec.structs.replace(summary, folder=str(folder))
        write_folder(folder, runner.plan.config.settings, plan.grid, trials, summary, found)
    if options.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        write_answer(summary, found)
    return OK if summary.state == "ended" else INTERRUPTED


def _configured(config: "Config", options: argparse.Namespace) -> "Config":
    """Return the configuration with the command line's data in place of that of [backtest]."""
    from config.settings import DataSettings

    if not options.data:
        return config
    settings = config.settings
    data = tuple(DataSettings(source=source) for source in options.data)
    chosen = msgspec.structs.replace(settings.backtest, data=data)
    return msgspec.structs.replace(config, settings=msgspec.structs.replace(settings, backtest=chosen))


def _telling(progress: Callable[[int, int], None] | None, trials: int, inputs: int) -> Callable[[int], None]:
    """Return what tells how many trials are done; the bar counts inputs."""

    def tell(done: int) -> None:
        if progress is not None:
            progress(done * inputs, trials * inputs)

    return tell


@contextlib.contextmanager
def _stopped_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Give what says whether Ctrl-C was pressed; pressed twice it ends the process."""
    pressed: list[int] = []

    def stop(number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.append(number)

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, previous)


def _count(text: str) -> int:
    """Return a number from 1 on. Raises ArgumentTypeError."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _jobs(text: str) -> int:
    """Return a number of processes; 0 is one for each core that this process may use. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > JOBS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 0 to {JOBS_MAX}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(text) or cores


def _say(text: str) -> None:
    """Tell a person what takes a while, beside the output."""
    sys.stderr.write(f"tickerd: {text}\n")
