"""Alerts that are errors stay open until a named person acknowledges them, over restarts and kill -9.

Open are the causes, code and instrument, each with how often and when last. The list is kept in a file beside the
sessions, written a quarter of a second behind; what a kill -9 kept out of it is read from the journal's end.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from config.settings import Mode, Settings
from core.codec import UNREADABLE, decode_payload
from core.commands import ACK
from core.effects import Alert, Severity
from core.errors import CodecError
from core.events import CommandReceived, InstrumentDefined, LifecycleState
from core.records import NO_INSTRUMENT, Kind
from daemon.errors import UsageError
from daemon.status import OpenAlert
from journal.errors import JournalError
from journal.reader import open_session

SAVE_S = 0.25
_TOLD_MAX = 5
_ALL = "all"

log = structlog.get_logger("tickerd")


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds; `seen_ns`: alerts up to then are in it."""

    session: str
    seen_ns: int
    next_id: int
    alerts: list[OpenAlert]


class OpenAlerts:
    """The list. Without a path it is in memory alone."""

    def __init__(self, path: Path | None = None, session: str = "") -> None:
        """Begin an empty list; `load` fills it."""
        self.path = path
        self.dirty = False
        self._session = session
        self._open: dict[tuple[str, str], OpenAlert] = {}
        self._next_id = 1
        self._seen_ns = 0

    def rows(self) -> list[OpenAlert]:
        """Return what is open, the oldest first."""
        return sorted(self._open.values(), key=lambda each: each.id)

    def take(self, now_ns: int, alert: Alert, instrument: str, session: str = "") -> None:
        """Open an alert that is an error, or count it where it is open."""
        if alert.severity is not Severity.ERROR:
            return
        key = (alert.code, instrument)
        known = self._open.get(key)
        self._open[key] = OpenAlert(
            id=self._next_id if known is None else known.id,
            code=alert.code,
            instrument=instrument,
            count=1 if known is None else known.count + 1,
            first_ns=now_ns if known is None else known.first_ns,
            last_ns=now_ns,
            message=alert.message,
            session=session or self._session,
        )
        self._next_id += known is None
        self._note(now_ns)

    def described(self, command: CommandReceived) -> CommandReceived:
        """Return `ack` with what it is about, so that the journal tells it. Raises UsageError."""
        chosen = self._chosen(command.args.get("alerts", ""))
        named = [f"{each.code} {each.instrument}".strip() + f" x{each.count}" for each in chosen]
        told = ", ".join(named[:_TOLD_MAX]) + (f" and {len(named) - _TOLD_MAX} more" * (len(named) > _TOLD_MAX))
        ids = ",".join(str(each.id) for each in chosen)
        return msgspec.structs.replace(command, args={"alerts": ids, "what": told})

    def acknowledge(self, command: CommandReceived, now_ns: int) -> None:
        """Close what a described command names."""
        ids = {int(text) for text in command.args.get("alerts", "").split(",") if text.isdecimal()}
        self._open = {key: each for key, each in self._open.items() if each.id not in ids}
        self._note(now_ns)

    def _chosen(self, text: str) -> list[OpenAlert]:
        """Return the alerts that `3,5` or `all` names. Raises UsageError."""
        rows = self.rows()
        if text == _ALL:
            if not rows:
                raise UsageError("no alert is open")
            return rows
        wanted = [part.strip() for part in text.split(",") if part.strip()]
        known = {str(each.id): each for each in rows}
        unknown = [part for part in wanted if part not in known]
        if unknown or not wanted:
            names = ", ".join(known) or "none"
            raise UsageError(f"{', '.join(unknown) or 'nothing'} is no open alert; open are {names}, or all of them")
        return [known[part] for part in wanted]

    def _note(self, now_ns: int) -> None:
        self._seen_ns = max(self._seen_ns, now_ns)
        self.dirty = True

    # -- over restarts ---------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Take over what the session before left open. A file that does not read is told and begun anew."""
        if self.path is None or not self.path.exists():
            return
        try:
            saved = msgspec.json.decode(self.path.read_bytes(), type=_Saved)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.error("open alerts are forgotten", file=str(self.path), reason=str(error))  # noqa: TRY400
            return
        self._open = {(each.code, each.instrument): each for each in saved.alerts}
        self._next_id, self._seen_ns = saved.next_id, saved.seen_ns
        try:
            self._catch_up(self.path.parent / saved.session)
        except (JournalError, CodecError, *UNREADABLE) as error:
            log.warning("open alerts may lack the last ones", session=saved.session, reason=str(error))
        self.dirty = True

    def _catch_up(self, folder: Path) -> None:
        """Read what the file did not get any more off the journal's last segments. Raises JournalError, CodecError."""
        if not folder.is_dir():
            return
        seen_ns = self._seen_ns
        names: dict[int, str] = {}
        with open_session(folder, verify=False) as reader:
            from_seq = reader.segments[-2].first_seq if len(reader.segments) > 1 else 0
            for record in reader.payloads((Kind.INSTRUMENT,), until_seq=reader.segments[0].end_seq):
                defined = decode_payload(record.kind, record.payload)
                assert isinstance(defined, InstrumentDefined)
                names[record.instrument] = defined.instrument.id
            for record in reader.payloads((Kind.ALERT, Kind.COMMAND), from_seq):
                if record.recv_ns <= seen_ns:
                    continue
                payload = decode_payload(record.kind, record.payload)
                if isinstance(payload, Alert):
                    name = "" if payload.instrument == NO_INSTRUMENT else names.get(payload.instrument, "")
                    self.take(record.recv_ns, payload, name, folder.name)
                elif isinstance(payload, CommandReceived) and payload.name == ACK:
                    self.acknowledge(payload, record.recv_ns)

    def encoded(self) -> bytes:
        """Return what the file shall hold, and count it as written."""
        self.dirty = False
        saved = _Saved(session=self._session, seen_ns=self._seen_ns, next_id=self._next_id, alerts=self.rows())
        return msgspec.json.format(msgspec.json.encode(saved))


_saving = threading.Lock()


def save(path: Path, content: bytes) -> None:
    """Write the file, whole or not at all; after one that the session's end found under way. Raises OSError."""
    fresh = path.with_name(f".{path.name}")
    with _saving:
        with fresh.open("wb") as file:
            fresh.chmod(0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


async def keep(alerts: OpenAlerts) -> None:
    """Write the list whenever it changed, until cancelled; a disk that refuses is told once and tried again."""
    failing = False
    while True:
        await asyncio.sleep(SAVE_S)
        if not alerts.dirty or alerts.path is None:
            continue
        try:
            await asyncio.to_thread(save, alerts.path, alerts.encoded())
            failing = False
        except OSError as error:
            alerts.dirty = True
            if not failing:
                log.error("open alerts are in memory alone", file=str(alerts.path), reason=str(error))  # noqa: TRY400
            failing = True


async def keep_last(alerts: OpenAlerts) -> None:
    """Write what is not written yet, at the session's end."""
    if alerts.path is None or not alerts.dirty:
        return
    try:
        await asyncio.to_thread(save, alerts.path, alerts.encoded())
    except OSError as error:
        log.error("open alerts are in the journal alone", file=str(alerts.path), reason=str(error))  # noqa: TRY400


def alerts_file(settings: Settings) -> Path:
    """Return where the list is kept: beside the sessions, one for each mode and account."""
    mode = settings.session.mode
    account = f"-{settings.live.account}" if mode is Mode.LIVE else ""
    return Path(settings.session.root) / f"open-alerts-{mode.value}{account}.json"


def acknowledging(
    alerts: OpenAlerts,
    command: Callable[[CommandReceived], list[str]],
    lifecycle: Callable[[], LifecycleState],
    now_ns: Callable[[], int],
) -> Callable[[CommandReceived], list[str]]:
    """Return `command` that closes alerts where it is `ack`, once that is journaled."""

    def let_in(given: CommandReceived) -> list[str]:
        if given.name != ACK:
            return command(given)
        if lifecycle() is LifecycleState.STARTING:
            raise UsageError("the daemon is starting: acknowledge once it is up")
        described = alerts.described(given)
        said = command(described)
        alerts.acknowledge(described, now_ns())
        return said

    return let_in
