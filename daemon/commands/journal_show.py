"""`tickerd journal show`: the records of a session in words, one a line."""

import argparse
import itertools

import msgspec

from config.errors import did_you_mean
from daemon.commands.journal_records import KIND_NAMES, Record, Records, in_words
from daemon.commands.printing import utc_text, write_json, write_line
from daemon.commands.sessions import add_range, add_session, find_session, whole_number
from daemon.errors import ExitCode, UsageError
from journal.head import SessionHead
from journal.reader import SessionReader, open_session
from journal.tables import TABLES

SUMMARY = "show a session's records in words, one a line"
JSON_HELP = "one JSON object a line"

EPILOG = f"""examples:
  tickerd journal show latest --limit 20
  tickerd journal show latest --kind fill --kind order --instrument BTCUSDT.BINANCE
  tickerd journal show latest --from 4711 --until 4720 --json
  tickerd journal show latest --head --limit 0

kinds: {", ".join(list(KIND_NAMES)[:12])},
       {", ".join(list(KIND_NAMES)[12:])}

exit codes: 0 ok, 2 no such session, kind or instrument, 4 the journal is damaged
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the action."""
    parser.epilog = EPILOG
    add_session(parser)
    parser.add_argument("--head", action="store_true", help="first the session's head: build, settings, strategies")
    parser.add_argument(
        "--kind", action="append", type=_kinds, default=[], metavar="K", help="records of this kind; may be repeated"
    )
    parser.add_argument("--instrument", metavar="I", help="records of this instrument, such as BTCUSDT.BINANCE")
    add_range(parser)
    parser.add_argument("--limit", type=whole_number, metavar="N", help="at most so many records")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    folder = find_session(options.session, options.root)
    with open_session(folder) as reader:
        if options.head:
            _tell_head(reader, as_json=options.json)
        records = Records(
            reader,
            kinds=options.kind,
            instrument=options.instrument,
            from_seq=options.from_seq,
            until_seq=options.until_seq,
        )
        shown = 0
        for record in itertools.islice(records.read(), options.limit):
            shown += 1
            if options.json:
                write_json(record)
            else:
                write_line(_line(record))
        if options.instrument and not shown and options.limit != 0 and options.instrument not in records.instruments():
            hint = did_you_mean(options.instrument, records.instruments())
            raise UsageError(f"no instrument {options.instrument!r} in these records; {hint or 'none is defined'}")
    return ExitCode.OK


def _kinds(text: str) -> int:
    """Return the record kind that an option names, in the singular or as `journal export` calls it."""
    if text in KIND_NAMES:
        return KIND_NAMES[text]
    if text in TABLES:
        return TABLES[text].kind
    raise argparse.ArgumentTypeError(f"no kind {text!r}; {did_you_mean(text, KIND_NAMES)}")


def _line(record: Record) -> str:
    """Return one record on one line."""
    about = f"{record.instrument}  " if record.instrument else ""
    return f"{record.seq:>9}  {utc_text(record.recv_ns)}  {record.kind:<10}  {about}{in_words(record)}".rstrip()


def _tell_head(reader: SessionReader, *, as_json: bool) -> None:
    """Write what the session says of itself."""
    head = reader.head
    if as_json:
        write_json({"head": head, "state": reader.state, "seal": _seal(reader)})
        return
    for name, value in _head_lines(head):
        write_line(f"{name:<16} {value}")
    for name, sealed in _seal(reader).items():
        write_line(f"{'sealed ' + name:<16} {sealed}")
    write_line(f"{'state':<16} {reader.state.value}")
    if reader.torn is not None:
        write_line(f"{'torn':<16} an interrupted write was cut at record {reader.torn.seq}")


def _head_lines(head: SessionHead) -> list[tuple[str, str]]:
    """Return the head as names and values; the settings in one line of JSON, of each strategy which file it was."""
    lines = [
        ("session", head.session_id),
        ("started", f"{utc_text(head.started_ns)} UTC"),
        ("mode", head.mode),
        ("labels", ", ".join(head.labels) or "none"),
        ("seed", str(head.seed)),
        ("build", f"tickerd {head.build.version}, sources {head.build.source_digest}"),
        ("python", head.python),
        ("libraries", ", ".join(f"{name} {version}" for name, version in head.libraries.items())),
        ("schema version", str(head.schema_version)),
        ("flush policy", head.flush_policy.value),
        ("settings digest", head.config_digest),
        ("settings", msgspec.json.encode(head.config).decode()),
    ]
    lines += [(f"strategy {each.id}", f"{each.use}, source {each.sha256}") for each in head.strategies]
    return lines


def _seal(reader: SessionReader) -> dict[str, object]:
    """Return the seal's words, nothing without one."""
    seal = reader.sealed
    if seal is None:
        return {}
    return {
        "state": seal.state.value,
        "reason": seal.reason,
        "inputs": seal.inputs,
        "effects": seal.effects,
        "digest": seal.digest.hex(),
        "ended_ns": seal.ended_ns,
    }
