"""The login name behind a uid, as this machine knows it now: it is journaled with what its owner commands."""

import pwd
import re

_UID = re.compile(r"\buid=(\d+)")


def user_of(source: str) -> str:
    """Return the login name of the uid that a source tells, "" where the system knows none."""
    found = _UID.search(source)
    try:
        return pwd.getpwuid(int(found[1])).pw_name if found else ""
    except (KeyError, OverflowError):
        return ""
