"""Which session a command line means: a folder, the name of one under the root, or `latest`."""

import argparse
from pathlib import Path

from config.errors import did_you_mean, nearest
from daemon.errors import UsageError
from journal.folders import LATEST_NAME, latest_session, sessions

DEFAULT_ROOT = Path("var/sessions")


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where sessions are kept."""
    parser.add_argument(
        "--root", type=Path, default=DEFAULT_ROOT, metavar="DIR", help="where sessions are kept (default: var/sessions)"
    )


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a session, and the root that bare names are looked up in."""
    parser.add_argument("session", metavar="SESSION", help="a session's folder, its name under the root, or latest")
    add_root(parser)


def add_range(parser: argparse.ArgumentParser) -> None:
    """Add the options that select records by sequence number."""
    parser.add_argument(
        "--from", dest="from_seq", type=whole_number, default=0, metavar="SEQ", help="begin with this record"
    )
    parser.add_argument("--until", dest="until_seq", type=whole_number, metavar="SEQ", help="stop before this record")


def whole_number(text: str) -> int:
    """Return an option's value that counts something."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def find_session(text: str, root: Path) -> Path:
    """Return the folder of the session that `text` means; a link leads to what it points at.

    Raises UsageError with the nearest name, JournalNotFound where there is no session at all.
    """
    path = Path(text)
    bare = path.name == text
    if bare and not path.is_dir():
        if text == LATEST_NAME:
            return latest_session(root)
        path = root / text
    if not path.is_dir():
        raise _unknown(path, bare=bare)
    return path.parent / path.readlink() if path.is_symlink() else path


def _unknown(path: Path, *, bare: bool) -> UsageError:
    """Return the refusal of a name that leads nowhere, with the name that was probably meant."""
    known = [folder.name for folder in sessions(path.parent)]
    near = nearest(path.name, [*known, LATEST_NAME]) if known else ""
    where = f"no session {path.name!r} in {path.parent}"
    if near:
        return UsageError(f"{where}; {did_you_mean(path.name, [near])}")
    hint = "name another folder with --root" if bare else "`tickerd journal ls --root DIR` lists those in a folder"
    return UsageError(f"{where}, which holds {len(known)} sessions; {hint}")
