"""What one of the doctor's checks says."""

import enum

import msgspec


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # sessions run; something is worse than it could be
    FAIL = "fail"  # a session would not start, or would end early


class Finding(msgspec.Struct, frozen=True):
    """One check: what was found, and what to do about it; `advice` is empty where nothing needs doing."""

    check: str
    level: Level
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """Say that all is well."""
    return Finding(check, Level.OK, found)


def warn(check: str, found: str, advice: str) -> Finding:
    """Say what is worse than it could be."""
    return Finding(check, Level.WARN, found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    """Say what keeps tickerd from working."""
    return Finding(check, Level.FAIL, found, advice)
