"""`tickerd journal compress`: closed segments as zstd."""

import argparse
import time
from pathlib import Path

from config.progress import progress_bar
from daemon.audit.retention import due_for_compression
from daemon.commands.audit_policy import load_audit
from daemon.commands.printing import size_text, write_json, write_line
from daemon.commands.sessions import add_root, find_session
from daemon.errors import ExitCode, UsageError
from journal.compress import CompressReport, compress
from journal.folders import sessions

SUMMARY = "compress what will not be written any more"
JSON_HELP = "one JSON object a line, one for each session"

EPILOG = """examples:
  tickerd journal compress latest
  tickerd journal compress --all
  tickerd journal compress --policy -c live.toml        # [audit] compress_after_days: only tells what would be packed
  tickerd journal compress --policy -c live.toml --yes

Everything reads a compressed session as before. The original goes only after its copy was read back and found equal.
The segment that a running session writes, and one with a torn tail (see journal recover), stay as they are.

exit codes: 0 ok, 2 no such session, 4 damaged: nothing damaged is compressed
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument("session", nargs="?", metavar="SESSION", help="a session's folder, its name, or latest")
    parser.add_argument("--all", action="store_true", help="every session under the root")
    parser.add_argument("--policy", action="store_true", help="those older than [audit] compress_after_days; wants -c")
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the settings whose [audit] holds")
    parser.add_argument("--yes", action="store_true", help="with --policy: do it; without, it is a dry run")
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.all + (options.session is not None) + options.policy != 1:
        raise UsageError("name one SESSION, or say --all or --policy; `tickerd journal ls` lists them")
    if options.policy:
        folders = _due(options)
        if not options.yes:
            _tell_dry(folders, as_json=options.json)
            return ExitCode.OK
    else:
        folders = sessions(options.root) if options.all else [find_session(options.session, options.root)]
    for folder in folders:
        with progress_bar(f"compressing {folder.name}", quiet=options.json) as progress:
            report = compress(folder, progress=progress)
        if options.json:
            write_json(report)
        else:
            write_line(_text(report))
    return ExitCode.OK


def _due(options: argparse.Namespace) -> list[Path]:
    """Return what the policy packs now. Raises UsageError, ConfigError."""
    if options.config is None:
        raise UsageError("--policy wants -c FILE, whose [audit] compress_after_days holds")
    return due_for_compression(load_audit(options.config, options), options.root, time.time_ns())


def _tell_dry(folders: list[Path], *, as_json: bool) -> None:
    if as_json:
        write_json({"dry_run": True, "sessions": [folder.name for folder in folders]})
        return
    for folder in folders:
        write_line(f"would compress {folder.name}")
    write_line(f"would compress {len(folders)} sessions; a dry run: --yes does it")


def _text(report: CompressReport) -> str:
    """Return what was done to one session."""
    if not report.segments:
        return f"{report.folder}: nothing to compress, {size_text(report.bytes_after)}"
    count = f"{len(report.segments)} segment{'' if len(report.segments) == 1 else 's'}"
    share = report.bytes_after / report.bytes_before if report.bytes_before else 1.0
    sizes = f"{size_text(report.bytes_before)} are now {size_text(report.bytes_after)} ({share:.0%})"
    return f"{report.folder}: compressed {count}, {sizes}"
