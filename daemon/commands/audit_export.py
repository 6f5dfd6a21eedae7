"""`tickerd audit export`: every order's life on a day, and what each cost against the market, as a table."""

import argparse
import sys
from pathlib import Path

from config.progress import progress_bar
from daemon.audit.best_execution import BestExecution, BestExecutionRow
from daemon.audit.lifecycle import LifecycleRow, lifecycle
from daemon.audit.sheet import Sheet
from daemon.audit.walk import day_of, sessions_of
from daemon.commands.printing import write_json
from daemon.commands.run import duration_s
from daemon.commands.sessions import add_root, find_session
from daemon.errors import ExitCode

SUMMARY = "export orders' lives, or what they cost against the market, as csv, jsonl or parquet"
JSON_HELP = "one JSON object that says what was written"

EPILOG = """examples:
  tickerd audit export lifecycle --day 2026-11-21 --out orders.csv
  tickerd audit export best-execution --day yesterday --out execution.parquet --horizon 1m

lifecycle: one row for each thing that happened to an order: submitted, refused, sent, reported, updated, filled.
best-execution: one row for each order sent: arrival, spreads (effective, realised after --horizon) and slippage against
arrival, VWAP and the day's close in basis points, positive where it cost; acknowledgement and fills in ns. Empty where
the journal has no such price. docs/audit.md has the formulas.

exit codes: 0 written, 2 no such day, session or file, 4 damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("what", choices=("lifecycle", "best-execution"), help="which table")
    parser.add_argument("--day", required=True, metavar="DATE", help="2026-11-21, today or yesterday, UTC")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="FILE.csv, FILE.jsonl or FILE.parquet")
    parser.add_argument(
        "--session", action="append", default=[], metavar="SESSION", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--horizon", type=duration_s, default=300.0, metavar="TIME", help="of the realised spread (default 5m)"
    )
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    day = day_of(options.day)
    folders = [find_session(text, options.root) for text in options.session] or sessions_of(options.root, day)
    best = options.what == "best-execution"
    with (
        Sheet(options.out, BestExecutionRow if best else LifecycleRow) as sheet,
        progress_bar(f"reading {day.text}", quiet=options.json) as progress,
    ):
        if best:
            collected = BestExecution(day, int(options.horizon * 1e9))
            for folder in folders:
                collected.take(folder, progress)
            for row in collected.rows():
                sheet.add(row)
        else:
            for folder in folders:
                for life in lifecycle(folder, day, progress):
                    sheet.add(life)
    if options.json:
        told = {"day": day.text, "what": options.what, "sessions": [folder.name for folder in folders]}
        write_json({**told, "rows": sheet.rows, "out": str(options.out)})
    else:
        sys.stderr.write(f"{sheet.rows:,} rows of {len(folders)} sessions written to {options.out}\n")
    return ExitCode.OK
