"""`tickerd tail`: what the running daemon does, as it does it, read from its journal: the loop is asked for nothing."""

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.records import SLOT_BYTES, Kind
from daemon.commands.journal_records import Record, Records, in_words
from daemon.commands.operate import add_daemon
from daemon.commands.printing import utc_text, write_json, write_line
from daemon.commands.sessions import whole_number
from daemon.errors import ExitCode, UsageError
from daemon.operator.client import ask, find, request
from daemon.status import Status
from daemon.store.tail import Tail, session_head
from journal.chunks import Chunk, chunks_of
from journal.folders import is_running

KINDS = {
    "fills": (Kind.FILL, Kind.BUST),
    "orders": (Kind.ORDER,),
    "refusals": (Kind.REFUSAL,),
    "alerts": (Kind.ALERT,),
    "strategies": (Kind.STRATEGY,),
    "positions": (Kind.POSITION,),
    "balances": (Kind.BALANCE,),
    "commands": (Kind.COMMAND,),
    "limits": (Kind.LIMIT, Kind.LATCH, Kind.FREEZE, Kind.FLATTEN, Kind.SCALE, Kind.EXIT),
    "parents": (Kind.PARENT,),
}
USUAL = ("fills", "orders", "refusals", "alerts", "strategies", "commands", "limits")
BACK_SLOTS = 1 << 15  # so far back the last lines are looked for
LOOK_S = 0.1
LAST = 10

EPILOG = f"""examples:
  tickerd tail --follow
  tickerd tail --kinds fills,alerts --last 50
  tickerd tail --kinds refusals --follow --json

kinds: {", ".join(KINDS)} (default all but positions, balances and parents). The last lines are those of the
newest {BACK_SLOTS} records; `tickerd journal show` has all. With --follow it ends when the session does.

exit codes: 0 shown, or the session has ended; 2 no daemon answers; 4 its journal is damaged; 7 Ctrl-C
"""


class Live:
    """What comes of a running session, of the kinds that are wanted: a source of `Records`."""

    def __init__(self, folder: Path, kinds: tuple[int, ...], from_seq: int) -> None:
        """Read from about record `from_seq` on. Raises JournalError."""
        self.folder = folder
        self.ended = False
        session_id = session_head(folder).session_id
        self._first: Tail | None = Tail(folder, session_id)  # where the instruments are defined
        self._tail = Tail(folder, session_id, from_seq)
        self._tail.align()
        self._records = Records(self, kinds=kinds)

    def read(self) -> Iterator[Record]:
        """Yield what has come since the last look. Raises JournalDamaged, CodecError."""
        return self._records.read()

    def chunks(self, *, until_seq: int | None = None) -> Iterator[Chunk]:
        """Yield what there is; first of all, once, what defines the instruments."""
        assert until_seq is None, "what runs has no end"
        if self._first is not None:
            first, self._first = self._first, None
            slab = first.read()
            first.close()
            if slab is not None:
                found = chunks_of(slab.data, slab.kinds, 0, 0, len(slab.kinds))
                yield from (each for each in found if getattr(each, "kind", None) == Kind.INSTRUMENT)
        while (slab := self._tail.read()) is not None:
            yield from chunks_of(slab.data, slab.kinds, slab.first_seq, 0, len(slab.kinds))
            self.ended = self.ended or bool((slab.kinds == Kind.SEAL).any())

    def close(self) -> None:
        """Let go of the files."""
        self._tail.close()


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--kinds", type=kinds_of, default=kinds_of(",".join(USUAL)), metavar="K,K", help="only these kinds"
    )
    parser.add_argument("--last", type=whole_number, default=LAST, metavar="N", help=f"first the last N ({LAST})")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    reply = ask(options.socket or find(options.folder), request("status"))
    if not reply.ok:
        raise UsageError(reply.error)
    status = msgspec.json.decode(bytes(reply.result), type=Status)
    folder = Path(status.session)
    if not folder.is_dir():
        raise UsageError(
            f"the daemon's journal {folder} is not here: say it in the folder where the daemon was started"
        )
    live = Live(folder, options.kinds, max(0, status.journal_bytes // SLOT_BYTES - BACK_SLOTS))
    try:
        for record in deque(live.read(), maxlen=options.last):
            _tell(record, as_json=options.json)
        while options.follow and not live.ended:
            running = is_running(folder)  # asked before the look: what was written before it is then seen
            for record in live.read():
                _tell(record, as_json=options.json)
            if not running:
                break
            time.sleep(LOOK_S)
    finally:
        live.close()
    return ExitCode.OK


def kinds_of(text: str) -> tuple[int, ...]:
    """Return the record kinds of names split by commas."""
    found: list[int] = []
    for name in text.split(","):
        if name not in KINDS:
            raise argparse.ArgumentTypeError(f"no kind {name!r}; known are {', '.join(KINDS)}")
        found += KINDS[name]
    return tuple(found)


def words_of(record: Record) -> str:
    """Return what a record says, the most frequent kinds in short."""
    fields = record.fields
    match record.kind:
        case "fill":
            return "{strategy_id} {side} {quantity} at {price}  fee {fee} {fee_currency}  {client_order_id}".format_map(
                fields
            )
        case "order":
            return "{strategy_id} {side} {filled}/{quantity} at {price} {state}  {client_order_id}".format_map(fields)
        case "refusal":
            return "{strategy_id} {code}: {message}".format_map(fields)
        case "alert":
            return "{severity} {code}: {message}".format_map(fields)
    return in_words(record)


def _tell(record: Record, *, as_json: bool) -> None:
    """Write one record, at once: somebody waits for it."""
    if as_json:
        write_json(record)
    else:
        about = f"{record.instrument}  " if record.instrument else ""
        write_line(f"{utc_text(record.recv_ns)[11:23]}  {record.kind:<8}  {about}{words_of(record)}".rstrip())
    sys.stdout.flush()
