"""`tickerd audit verify`: whether sessions are what was signed, and whether any is missing."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from config.progress import progress_bar
from daemon.commands.printing import Column, count_text, utc_text, write_json, write_line, write_table
from daemon.commands.sessions import add_root, find_session
from daemon.errors import ExitCode, UsageError
from journal.audit.findings import Finding, What
from journal.audit.folder import FolderAudit, audit
from journal.audit.keys import load_public_key
from journal.folders import is_session
from journal.progress import Progress

SUMMARY = "verify hash chains, signatures, second places, and that no session is missing"
JSON_HELP = "one JSON object"

EPILOG = """examples:
  tickerd audit verify
  tickerd audit verify --key audit.pem.pub --anchors /mnt/other/anchors.jsonl
  tickerd audit verify latest --json

Without SESSION every session under the root is verified, and that none is missing between them. Without --key the
signatures are held against the key that they name themselves, which whoever rewrites all of them can choose.
The end of the newest session is only known to the second place: give --anchors to find that it was cut.

exit codes: 0 as written and signed, 2 no such session, key or file, 3 not what was signed, or a session is missing,
4 damaged
"""

COLUMNS = (
    Column("session"),
    Column("state"),
    Column("slots", right=True),
    Column("signed", right=True),
    Column("last signed (UTC)", wide=True),
    Column("anchored", right=True),
    Column("verdict"),
)
_DAMAGED = frozenset((What.DAMAGED, What.UNREADABLE))


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    parser.add_argument(
        "sessions", nargs="*", metavar="SESSION", help="folders, names or latest; or one folder of many"
    )
    parser.add_argument(
        "--anchors", type=Path, action="append", default=[], metavar="FILE", help="a second place; may be repeated"
    )
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="the key to trust, either half; may be repeated",
    )
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    root, folders = _chosen(options)
    keys = frozenset(load_public_key(path) for path in options.key)
    for path in options.anchors:
        if not path.is_file():
            raise UsageError(f"there is no {path}: is the disk of the second place mounted?")
    with contextlib.ExitStack() as bars:
        found = audit(root, folders, options.anchors, keys, _Bars(bars, quiet=options.json).of)
    if options.json:
        write_json({"ok": found.ok, "exit_code": int(_exit_code(found)), "audit": found})
    else:
        _tell(found)
    return _exit_code(found)


def _chosen(options: argparse.Namespace) -> tuple[Path, list[Path] | None]:
    """Return the root and the sessions under it, None for all of them. Raises UsageError."""
    if len(options.sessions) == 1 and (path := Path(options.sessions[0])).is_dir() and not is_session(path):
        options.root, options.sessions = path, []
    if options.sessions:
        return options.root, [find_session(text, options.root) for text in options.sessions]
    if not options.root.is_dir():
        raise UsageError(f"there is no folder {options.root}; say --root, or name a session")
    return options.root, None


class _Bars:
    """One progress bar at a time, a session each."""

    def __init__(self, stack: contextlib.ExitStack, *, quiet: bool) -> None:
        self._stack = stack
        self._quiet = quiet

    def of(self, folder: Path) -> Progress | None:
        """Return the progress of the next session."""
        self._stack.pop_all().close()
        return self._stack.enter_context(progress_bar(f"verifying {folder.name}", quiet=self._quiet))


def _exit_code(found: FolderAudit) -> ExitCode:
    if any(each.what in _DAMAGED for each in found.all_findings):
        return ExitCode.JOURNAL_DAMAGED
    return ExitCode.OK if found.ok else ExitCode.VERIFICATION_FAILED


def _tell(found: FolderAudit) -> None:
    """Write it as a person reads it."""
    if not found.sessions and not found.findings:
        write_line(f"no sessions in {found.root}; `tickerd run` records one")
        return
    write_table(COLUMNS, list(_rows(found)))
    for finding in found.all_findings:
        _tell_finding(finding)
    keys = sorted({session.key for session in found.sessions if session.key})
    if keys and not found.checked_key:
        named = ", ".join(f"{key[:16]}..." for key in keys)
        write_line(f"signed by {named}: whose key that is, only --key FILE.pub tells")
    count = sum(1 for finding in found.all_findings if finding.is_break)
    if found.ok:
        write_line(f"{len(found.sessions)} sessions: nothing contradicts what was written and signed")
    else:
        write_line(
            f"{len(found.sessions)} sessions: {count} break{'' if count == 1 else 's'}; "
            "change nothing, copy the folder first"
        )


def _rows(found: FolderAudit) -> Iterator[tuple[str, ...]]:
    for session in found.sessions:
        yield (
            session.session,
            session.state.value if session.state is not None else "",
            count_text(session.slots),
            count_text(session.signed_seq) if session.signatures else "no",
            utc_text(session.signed_ns)[:19] if session.signed_ns else "",
            str(session.anchors),
            "whole" if session.ok else "BROKEN",
        )


def _tell_finding(finding: Finding) -> None:
    mark = "!" if finding.is_break else "-"
    where = f" at record {finding.seq}" if finding.seq >= 0 else ""
    where += f" ({finding.segment}, byte {finding.offset})" if finding.segment else ""
    write_line(f"{mark} {finding.session or 'second place'}: {finding.what.value}{where}: {finding.message}")
    if finding.next:
        write_line(f"    {finding.next}")
