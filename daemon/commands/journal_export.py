"""`tickerd journal export`: records as csv, ndjson or parquet."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from config.errors import did_you_mean
from config.progress import progress_bar
from daemon.commands.printing import write_json
from daemon.commands.sessions import add_range, add_session, find_session
from daemon.errors import ExitCode, UsageError
from journal.export import export
from journal.formats import FORMATS
from journal.reader import open_session
from journal.tables import KINDS

SUMMARY = "export records as csv, ndjson or parquet"
JSON_HELP = "with --out: one JSON object that says what was written"
PART_SUFFIX = ".part"

EPILOG = f"""examples:
  tickerd journal export latest --kind trades --format ndjson
  tickerd journal export latest --kind fills --format csv --out fills.csv
  tickerd journal export latest --kind quotes --out quotes.parquet --instrument BTCUSDT.BINANCE

kinds: {", ".join(KINDS[:11])},
       {", ".join(KINDS[11:])}

Rows come in the order of the journal: seq, recv_ns, venue_ns, instrument, and what the kind has. Prices, quantities
and money are decimal text, equal to the venue's numbers. `book` holds every level of every delta once, as it came;
`book-snapshots` the levels of the snapshots. A file appears under its name once it is whole.

exit codes: 0 ok, 2 no such session, kind, format or instrument, 4 the journal is damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_session(parser)
    parser.add_argument("--kind", type=_kind, required=True, metavar="KIND", help="which records; see below")
    parser.add_argument(
        "--format", choices=FORMATS, metavar="FORMAT", help="csv, ndjson or parquet (default: as FILE is named)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to (default: standard output)")
    parser.add_argument("--instrument", metavar="I", help="records of this instrument, such as BTCUSDT.BINANCE")
    add_range(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    fmt = options.format or _format_of(options.out)
    if options.out is None and fmt == "parquet":
        raise UsageError("parquet is no text: name a file with --out FILE")
    folder = find_session(options.session, options.root)
    # Rows that go to the terminal are what is to be seen there; a bar would be in their way.
    quiet = options.json or (options.out is None and sys.stdout.isatty())
    with (
        open_session(folder) as reader,
        progress_bar("exporting", quiet=quiet) as progress,
        _opened(options.out) as out,
    ):
        rows = export(
            reader,
            options.kind,
            fmt,
            out,
            instrument=options.instrument,
            from_seq=options.from_seq,
            until_seq=options.until_seq,
            progress=progress,
        )
    if options.json and options.out is not None:
        write_json({"session": str(folder), "kind": options.kind, "format": fmt, "rows": rows, "out": str(options.out)})
    elif options.out is not None:
        sys.stderr.write(f"{rows:,} {options.kind} written to {options.out}\n")
    return ExitCode.OK


def _kind(text: str) -> str:
    """Return the kind that an option names."""
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"no kind {text!r}; {did_you_mean(text, KINDS)}")
    return text


def _format_of(out: Path | None) -> str:
    """Return the format that a file's name tells, else ndjson."""
    suffix = out.suffix.removeprefix(".") if out is not None else ""
    return suffix if suffix in FORMATS else "ndjson"


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    """Give standard output, or a file that gets its name once it is written whole. Raises UsageError."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(path.name + PART_SUFFIX)
    try:
        file = part.open("wb")
    except OSError as error:
        raise UsageError(f"cannot write {part}: {error.strerror}; name another --out FILE") from error
    try:
        with file:
            yield file
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; name another --out FILE") from error
    finally:
        part.unlink(missing_ok=True)
