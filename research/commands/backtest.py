"""`tickerd backtest -c FILE`: strategies over recorded or imported data, in virtual time."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from config.load import Config
    from research.backtest.driver import Backtest

EPILOG = """examples:
  tickerd backtest -c config/demo.toml --data var/sessions/latest
  tickerd backtest -c my.toml --out var/backtests/first --journal
  tickerd backtest -c my.toml --data var/sessions/latest --json
  tickerd backtest -c my.toml --check-lookahead --check-warmup

The settings are those of `tickerd run`; [backtest] adds what is read (data, from, until) and written (journal, root).
Orders trade on the simulated venue of [paper.sim], latencies included. --journal writes a session into the run folder,
which `tickerd replay FOLDER/journal --verify` proves. Ctrl-C ends the run and keeps what it came to, marked as
interrupted; a second one ends at once.

--check-lookahead runs it again on data cut off, and on other futures, and names the first decision that moved;
--check-warmup starts strategies later and later, and names what hangs on where the history starts (docs/lookahead.md).

exit codes: 0 ok, 2 usage, settings or data, 3 a check found something, 4 damaged data, 7 interrupted
"""

OK, INTERRUPTED = 0, 7


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings, TOML")
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a session or a history, instead of [backtest] data; may be said again, to merge several",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the run folder (default: one under [backtest] root)")
    parser.add_argument("--driver", choices=["python", "compiled"], help="instead of [backtest] driver")
    parser.add_argument("--journal", action="store_true", default=None, help="write a journal that replays")
    parser.add_argument("--json", action="store_true", help="one JSON object: the summary")
    checks = parser.add_argument_group("checks", "these write no run folder")
    checks.add_argument("--check-lookahead", action="store_true", help="whether any decision knew the future")
    checks.add_argument("--cuts", type=int, metavar="N", help="how often the data is cut (default 12)")
    checks.add_argument("--check-warmup", action="store_true", help="whether decisions hang on where the data starts")
    checks.add_argument("--warmup", type=int, metavar="INPUTS", help="claimed (default: half of what follows a start)")


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from config.load import load
    from config.progress import progress_bar
    from config.strategies import load_strategies
    from research.backtest.driver import Backtest
    from research.backtest.folder import create_run_folder
    from research.backtest.sources import open_data
    from research.backtest.summary import summary_of, summary_text
    from research.lookahead.command import run_checks, wanted
    from research.lookahead.known import refuse_early

    config = configured(load(options.config), options)
    if wanted(options):
        return run_checks(config, options)
    load_strategies(config)  # whatever is wrong with them is told before data is read and a folder made
    with progress_bar("reading", quiet=options.json) as progress:
        data = open_data(config.settings.backtest, progress)
    with data:
        refuse_early(data.sources())
        folder = create_run_folder(options.out, Path(config.settings.backtest.root))
        backtest = Backtest(config, data, folder, command=_again(options, folder), say=_say)
        with progress_bar("backtest", quiet=options.json) as progress, _stopped_by_ctrl_c(backtest):
            backtest.run(progress)
        summary = summary_of(backtest)
    assert backtest.folder is not None
    backtest.folder.end(summary)
    sys.stdout.write(msgspec.json.encode(summary).decode() + "\n" if options.json else summary_text(summary))
    return OK if summary.state == "ended" else INTERRUPTED


def _say(text: str) -> None:
    """Tell a person what takes a while, beside the output."""
    sys.stderr.write(f"tickerd: {text}\n")


def configured(config: "Config", options: argparse.Namespace) -> "Config":
    """Return the configuration with what the command line says in place of [backtest]."""
    from config.settings import DataSettings

    changes: dict[str, object] = {}
    if options.data:
        changes["data"] = tuple(DataSettings(source=source) for source in options.data)
    if options.driver:
        changes["driver"] = options.driver
    if options.journal:
        changes["journal"] = True
    settings = config.settings
    chosen = msgspec.structs.replace(settings.backtest, **changes)
    return msgspec.structs.replace(config, settings=msgspec.structs.replace(settings, backtest=chosen))


@contextlib.contextmanager
def _stopped_by_ctrl_c(backtest: "Backtest") -> Iterator[None]:
    """Let the first Ctrl-C end the run where its records are whole; the second ends the process."""

    def stop(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        backtest.stop()

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _again(options: argparse.Namespace, folder: Path) -> str:
    """Return the command that repeats the run: from the settings as the run folder keeps them, data included."""
    from config.invocation import command_line

    words = ["backtest", "-c", str(folder / "config.toml")]
    return command_line(*words, *(["--json"] if options.json else []))
