"""`tickerd journal prune`: remove old sessions by age, number and size."""

import argparse
import time
from pathlib import Path

from config.audit_settings import AuditSettings
from config.progress import progress_bar
from daemon.audit.retention import removal
from daemon.commands.audit_policy import load_audit
from daemon.commands.printing import size_text, write_json, write_line
from daemon.commands.sessions import add_root, whole_number
from daemon.errors import ExitCode, UsageError
from journal.retention import RetentionPolicy, apply_retention

SUMMARY = "remove old sessions by age, number and size"
JSON_HELP = "one JSON object"
GIB = 1 << 30

EPILOG = """examples:
  tickerd journal prune --max-age-days 30 --dry-run
  tickerd journal prune --max-gib 20 --max-sessions 500
  tickerd journal prune --policy -c live.toml         # [audit] keep_days: only tells what would go
  tickerd journal prune --policy -c live.toml --yes

A session goes, oldest first, where any of the limits asks for it; running sessions and the newest one always stay.
[session.keep] in the settings does the same at the end of every session. A session that was signed ([audit]) goes only
where it verifies and its last signature is in a second place (of the settings, or --anchors), or with --anyway; with -c
what goes is signed for, so that tickerd audit verify does not miss it.

exit codes: 0 ok, 2 no limit given
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("--max-age-days", type=_positive, metavar="N", help="remove what was last written before")
    parser.add_argument("--max-sessions", type=whole_number, metavar="N", help="keep at most so many")
    parser.add_argument("--max-gib", type=_positive, metavar="G", help="keep at most so much")
    parser.add_argument("--policy", action="store_true", help="remove what is older than [audit] keep_days; wants -c")
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the settings whose [audit] holds")
    parser.add_argument("--yes", action="store_true", help="with --policy: do it; without, it is a dry run")
    parser.add_argument(
        "--anchors", type=Path, action="append", default=[], metavar="FILE", help="a second place; may be repeated"
    )
    parser.add_argument("--anyway", action="store_true", help="also what is signed and not verified and anchored")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    settings = None if options.config is None else load_audit(options.config, options)
    policy = _policy(options, settings)
    now_ns = time.time_ns()
    guardian = removal(settings, now_ns, options.anchors, anyway=options.anyway)
    dry_run = options.dry_run or (options.policy and not options.yes)
    with progress_bar("removing", quiet=options.json) as progress:
        report = apply_retention(options.root, policy, now_ns, dry_run=dry_run, progress=progress, guardian=guardian)
    if options.json:
        write_json(report)
        return ExitCode.OK
    verb = "would remove" if dry_run else "removed"
    for name in report.removed:
        write_line(f"{verb} {name}")
    for name, why in report.spared.items():
        write_line(f"spared {name}: {why}")
    write_line(f"{verb} {len(report.removed)} sessions ({size_text(report.bytes_freed)}), {len(report.kept)} stay")
    if options.policy and not options.yes and not options.dry_run:
        write_line("a dry run: --yes does it")
    return ExitCode.OK


def _policy(options: argparse.Namespace, settings: AuditSettings | None) -> RetentionPolicy:
    """Return what to keep. Raises UsageError."""
    limits = (options.max_age_days, options.max_sessions, options.max_gib)
    if options.policy:
        if settings is None or limits != (None, None, None):
            raise UsageError("--policy wants -c FILE, and no limits beside it")
        if not settings.keep_days:
            raise UsageError("[audit] keep_days = 0 sets no age: say --max-age-days")
        return RetentionPolicy(max_age_days=settings.keep_days)
    if limits == (None, None, None):
        raise UsageError("say what to keep: --max-age-days, --max-sessions or --max-gib; --dry-run only tells")
    return RetentionPolicy(
        max_age_days=options.max_age_days,
        max_sessions=options.max_sessions,
        max_total_bytes=None if options.max_gib is None else int(options.max_gib * GIB),
    )


def _positive(text: str) -> float:
    """Return an option's value that is a number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
