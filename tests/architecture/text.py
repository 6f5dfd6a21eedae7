"""Tidy rules for text of every kind: paths of one machine, reasons for dependencies, a lock without hosts."""

import re
from collections.abc import Iterator

from tests.architecture.source import Finding

# Split, so that this file does not break its own rule.
_MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:work/|tmp" + r"/w\b|root/|home/\w|Users/\w)")
_LIST_START = re.compile(r"^(?P<name>dependencies|[\w-]+) = \[\s*$")
_REQUIREMENT = re.compile(r'^\s*"(?P<requirement>[A-Za-z0-9][^"]*)",?\s*(?P<comment>#\s*\S.*)?$')
_LOCKED = re.compile(r"^[a-z0-9][a-z0-9.-]*==\S+( ; .+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def machine_paths(text: str) -> Iterator[Finding]:
    """Refuse paths that exist on one machine only."""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _MACHINE_PATH.search(line):
            yield Finding(number, "machine-path", f"{match[0]!r} exists on one machine; make it relative or a setting")


def dependency_reasons(pyproject: str) -> Iterator[Finding]:
    """Want a comment with the reason beside every dependency, or on the line above it."""
    section, inside, previous = "", False, ""
    for number, line in enumerate(pyproject.splitlines(), start=1):
        if line.startswith("["):
            section = line.strip()
        elif match := _LIST_START.match(line):
            inside = match["name"] == "dependencies" or section == "[project.optional-dependencies]"
        elif line.startswith("]"):
            inside = False
        elif inside and (match := _REQUIREMENT.match(line)):
            explained = match["comment"] or previous.lstrip().startswith("# ")
            if not explained:
                yield Finding(
                    number,
                    "dependency-reason",
                    f"why do we need {match['requirement']}? Say it in a comment beside it",
                )
        previous = line


def lock_lines(lock: str) -> Iterator[Finding]:
    """Want nothing but exact versions with hashes: no index, no URL, no path, nothing unhashed."""
    lines = lock.splitlines()
    for number, line in enumerate(lines, start=1):
        follows = lines[number] if number < len(lines) else ""
        if _LOCKED.match(line) and _HASH.match(follows):
            continue
        if not _HASH.match(line):
            yield Finding(number, "lock", f"{line.strip()[:60]!r} is no hashed exact version; run make lock")
