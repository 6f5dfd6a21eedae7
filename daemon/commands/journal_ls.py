"""`tickerd journal ls`: the sessions under a root, newest last, and how each of them ended."""

import argparse
from pathlib import Path

import msgspec
import numpy as np

from config.progress import progress_bar
from daemon.commands.printing import (
    Column,
    count_text,
    duration_text,
    is_wide,
    size_text,
    utc_text,
    write_json,
    write_line,
    write_table,
)
from daemon.commands.sessions import add_root
from daemon.errors import ExitCode
from journal.errors import JournalDamaged, JournalError
from journal.folders import sessions
from journal.masks import IS_EFFECT, IS_INPUT
from journal.reader import SessionReader, open_session

SUMMARY = "list the sessions under a root"
JSON_HELP = "one JSON object a line"

EPILOG = """examples:
  tickerd journal ls
  tickerd journal ls --root /srv/tickerd/sessions --json

states: running; ended; crashed (no seal, or sealed by a second Ctrl-C); damaged (see journal verify); unreadable (the
process died before its head was whole, or a newer build wrote it). Names begin with the start, UTC, and the mode.

exit codes: 0 ok
"""

COLUMNS = (
    Column("session"),
    Column("state"),
    Column("mode", wide=True),
    Column("started (UTC)", wide=True),
    Column("lasted", right=True),
    Column("inputs", right=True),
    Column("effects", right=True),
    Column("size", right=True),
    Column("labels", wide=True),
)


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session of the list. Where it cannot be opened, `problem` says why and the figures are 0.

    `lasted_ns` is from the start to the seal, without one to the last input.
    """

    session: str
    folder: str
    state: str
    bytes: int
    segments: int
    mode: str = ""
    labels: tuple[str, ...] = ()
    started_ns: int = 0
    lasted_ns: int = 0
    inputs: int = 0
    effects: int = 0
    problem: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_root(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    folders = sessions(options.root)
    lines = []
    with progress_bar("reading", quiet=options.json) as progress:
        for done, folder in enumerate(folders, 1):
            lines.append(session_line(folder))
            if progress is not None:
                progress(done, len(folders))
    if options.json:
        for line in lines:
            write_json(line)
    elif lines:
        _tell(lines)
    else:
        write_line(f"no sessions in {options.root}; `tickerd demo` records one")
    return ExitCode.OK


def session_line(folder: Path) -> SessionLine:
    """Return what the list says of one session, whatever state it is in."""
    files = [path for path in folder.iterdir() if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    segments = sum(".tkj" in path.name for path in files)
    try:
        with open_session(folder, verify=False) as reader:
            return _opened(reader, size)
    except JournalError as error:
        state = "damaged" if isinstance(error, JournalDamaged) else "unreadable"
        return SessionLine(
            session=folder.name, folder=str(folder), state=state, bytes=size, segments=segments, problem=str(error)
        )


def _opened(reader: SessionReader, size_bytes: int) -> SessionLine:
    """Return the line of a session that could be opened."""
    head, seal = reader.head, reader.sealed
    if seal is not None:
        inputs, effects, end_ns = seal.inputs, seal.effects, seal.ended_ns
    else:
        inputs, effects, end_ns = _count(reader)
    return SessionLine(
        session=reader.folder.name,
        folder=str(reader.folder),
        state=reader.state.value,
        bytes=size_bytes,
        segments=len(reader.segments),
        mode=head.mode,
        labels=head.labels,
        started_ns=head.started_ns,
        lasted_ns=max(0, end_ns - head.started_ns),
        inputs=inputs,
        effects=effects,
    )


def _count(reader: SessionReader) -> tuple[int, int, int]:
    """Return inputs, effects and the time of the last input of a session that has no seal to say so."""
    inputs = effects = 0
    last_ns = reader.head.started_ns
    for segment in reader.segments:
        slots = reader.array(segment.number)
        kinds = slots["kind"]
        effects += int(np.count_nonzero(IS_EFFECT[kinds]))
        at = np.flatnonzero(IS_INPUT[kinds])
        if len(at):
            inputs += len(at)
            last_ns = int(slots["recv_ns"][at[-1]])
    return inputs, effects, last_ns


def _tell(lines: list[SessionLine]) -> None:
    """Write the table, and under it what no column of it can hold."""
    wide = is_wide()
    write_table(COLUMNS, [_row(line, wide=wide) for line in lines])
    for line in lines:
        if line.problem:
            write_line(f"{line.session}: {line.problem}")


def _row(line: SessionLine, *, wide: bool) -> tuple[str, ...]:
    """Return one row of the table; where it is narrow, labels stand below the name."""
    known = bool(line.started_ns)
    labels = ", ".join(line.labels)
    return (
        line.session if wide or not labels else f"{line.session}\n  {labels}",
        line.state,
        line.mode,
        utc_text(line.started_ns)[:19] if known else "",
        duration_text(line.lasted_ns) if known else "",
        count_text(line.inputs) if known else "",
        count_text(line.effects) if known else "",
        size_text(line.bytes),
        labels,
    )
