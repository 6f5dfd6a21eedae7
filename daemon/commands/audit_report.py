"""`tickerd audit report --day DATE`: who did what, when, from where and why, what it changed, and the day's figures."""

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from config.progress import progress_bar
from daemon.audit.report import Action, DayReport, day_report
from daemon.audit.walk import day_of
from daemon.commands.printing import Column, duration_text, utc_text, write_line, write_table
from daemon.commands.sessions import add_root, find_session
from daemon.errors import ExitCode, UsageError

SUMMARY = "tell what happened on a day: commands, limits, stops, refusals, orders, fills, fees, profit"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd audit report --day 2026-11-21
  tickerd audit report --day today --session latest --json
  tickerd audit report --day yesterday --csv --out actions.csv

Days are UTC. The report is read from journals; whether they are what was written is what tickerd audit verify tells.
With --csv: one row for each command and each change that nobody commanded.

exit codes: 0 told, 2 no such session or day, 4 damaged
"""

CSV_COLUMNS = (
    "time_utc",
    "session",
    "record",
    "what",
    "scope",
    "by",
    "source",
    "reason",
    "outcome",
    "args",
    "changes",
    "said",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--day", default="today", metavar="DATE", help="2026-11-21, today or yesterday, UTC (default today)"
    )
    parser.add_argument(
        "--session", action="append", default=[], metavar="SESSION", help="only this one; may be repeated"
    )
    parser.add_argument("--csv", action="store_true", help="actions as CSV")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (default: standard output)")
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    day = day_of(options.day)
    folders = [find_session(text, options.root) for text in options.session] or None
    with progress_bar(f"reading {day.text}", quiet=options.json or options.csv) as progress:
        report = day_report(options.root, day, folders, lambda _: progress)
    if options.json:
        _put(options.out, msgspec.json.encode(report).decode() + "\n")
    elif options.csv:
        _put(options.out, _csv(report))
    elif options.out is not None:
        raise UsageError("--out wants --json or --csv")
    else:
        _tell(report)
    return ExitCode.OK


def _put(path: Path | None, text: str) -> None:
    """Write to a file, or to standard output. Raises UsageError."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; name another --out FILE") from error


def _csv(report: DayReport) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for action in sorted(
        (*report.actions, *report.logins_refused), key=lambda each: (each.time_ns, each.session, each.seq)
    ):
        writer.writerow(
            (
                utc_text(action.time_ns),
                action.session,
                action.seq,
                action.what,
                action.scope,
                action.by,
                action.source,
                action.reason,
                action.outcome,
                " ".join(f"{name}={value}" for name, value in action.args.items()),
                "; ".join(_changes(action)),
                "; ".join(action.said),
            )
        )
    return text.getvalue()


def _changes(action: Action) -> Iterator[str]:
    """Tell what changed, what is many as a count."""
    counts: dict[str, int] = {}
    for change in action.changes:
        if change.before or not change.what.endswith(" sent"):
            became = f"{change.before} -> {change.after}" if change.before else change.after
            yield f"{change.what} {change.scope}".rstrip() + f": {became}"
        else:
            counts[change.what] = counts.get(change.what, 0) + 1
    for what, count in counts.items():
        yield f"{count} {what}"


def _tell(report: DayReport) -> None:
    """Write it as a person reads it."""
    write_line(f"{report.day} UTC: {len(report.sessions)} session{'' if len(report.sessions) == 1 else 's'}")
    for session in report.sessions:
        why = f" ({session.reason})" if session.reason else ""
        write_line(f"  {session.session}  {session.state}{why}, build {session.build}")
    if report.actions:
        write_line("\nwho did what")
    for action in report.actions:
        _tell_action(action)
    for action in report.logins_refused:
        write_line(
            f"! {utc_text(action.time_ns)[11:19]} a login was refused: {action.source} {action.by}: {action.reason}"
        )
    if report.stops:
        write_line("\nstops")
    for stop in report.stops:
        if stop.until_ns:
            end = f"until {utc_text(stop.until_ns)[11:19]} ({duration_text(stop.until_ns - stop.from_ns)})"
            end += f" by {stop.lifted_by}: {stop.lifted_reason}"
        else:
            end = "and still"
        write_line(f"  {stop.level} {stop.scope} from {utc_text(stop.from_ns)[11:19]} by {stop.source} {end}")
    _tell_figures(report)


def _tell_action(action: Action) -> None:
    who = f"{action.by} ({action.source})" if action.by else action.source
    why = f": {action.reason}" if action.reason else ""
    args = "".join(f" {name}={value}" for name, value in action.args.items())
    outcome = "" if action.outcome == "done" else f" REFUSED: {action.outcome}"
    what = f"{action.what} {action.scope}".rstrip()
    write_line(f"  {utc_text(action.time_ns)[11:19]} {what}{args} by {who}{why}{outcome}")
    for text in _changes(action):
        write_line(f"           {text}")
    for text in action.said:
        write_line(f"           {text}")


def _tell_figures(report: DayReport) -> None:
    if report.orders:
        write_line("\norders: " + ", ".join(f"{count} {what}" for what, count in report.orders.items()))
    if report.decisions is not None:
        times = report.decisions
        decided = f"p50 {times.decided_p50_ns / 1e3:,.0f}, p99 {times.decided_p99_ns / 1e3:,.0f} us"
        handed = f"p50 {times.handed_p50_ns / 1e3:,.0f}, p99 {times.handed_p99_ns / 1e3:,.0f} us"
        write_line(f"decisions: {times.count:,}, after {decided}; commands on their way after {handed}")
    if report.strategies:
        columns = ("strategy", "currency", "fills", "turnover", "realised", "fees")
        rows = [
            (
                each.strategy,
                each.currency,
                str(each.fills),
                each.turnover,
                each.realised,
                ", ".join(f"{amount} {currency}" for currency, amount in each.fees.items()),
            )
            for each in report.strategies
        ]
        write_table([Column(name, right=name not in {"strategy", "currency"}) for name in columns], rows)
    for refusal in report.refusals:
        last = f", last {refusal.figure} over {refusal.limit}" if refusal.limit else ""
        write_line(
            f"refused {refusal.count} of {refusal.strategy}: {refusal.code}{last} (limits {refusal.limits_version})"
        )
    for what, count in report.alerts.items():
        write_line(f"alert {what}: {count}")
