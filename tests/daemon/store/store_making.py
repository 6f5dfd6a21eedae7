"""What the tests of the store share: sessions of chosen records, and stores looked at from outside."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from core.codec import KIND_OF, encode_payload
from core.events import InstrumentDefined
from core.instruments import AssetClass, Instrument
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.store.database import open_store
from daemon.store.follower import Follower
from daemon.store.queries import digest
from daemon.store.rows import TABLES
from journal.head import Build, SealState, SessionHead
from journal.writer import JournalWriter

T = TypeVar("T")
START_NS = 1_732_185_000_000_000_000
MINUTE_NS = 60_000_000_000


def head(session_id: str, usdt: str = "1000") -> SessionHead:
    return SessionHead(
        session_id=session_id,
        started_ns=START_NS,
        mode="paper",
        seed=1,
        build=Build("0.1.0", "00"),
        config_digest="00",
        config={"paper": {"balances": {"USDT": usdt}}},
        libraries={},
        python="3.11",
    )


def spot(symbol: str = "BTCUSDT", **changes: Any) -> Instrument:
    fields: dict[str, Any] = {
        "symbol": symbol,
        "venue": "BINANCE",
        "asset_class": AssetClass.CRYPTO_SPOT,
        "base": symbol.removesuffix("USDT"),
        "quote": "USDT",
        "price_precision": 2,
        "size_precision": 8,
        "tick": 1,
        "lot": 1,
    }
    return Instrument(**{**fields, **changes})


def defined(index: int, instrument: Instrument, at_ns: int = START_NS) -> Event:
    return (Kind.INSTRUMENT, 0, index, at_ns, 0, InstrumentDefined(instrument), 0, 0, 0, 0)


def effect(struct, at_ns: int = START_NS, index: int = NO_INSTRUMENT, venue_ns: int = 0) -> Event:
    return (KIND_OF[type(struct)], 0, index, at_ns, venue_ns, struct, 0, 0, 0, 0)


def quote(at_ns: int, bid: int, ask: int, index: int = 0) -> Event:
    return (Kind.QUOTE, 0, index, at_ns, 0, bid, 10**8, ask, 10**8, 1)


def trade(at_ns: int, price: int, index: int = 0, flags: int = 0) -> Event:
    return (Kind.TRADE, flags, index, at_ns, 0, price, 10**7, 1, 0, 0)


def append(writer: JournalWriter, event: Event) -> int:
    kind, flags, index, recv_ns, venue_ns, payload = event[:6]
    if isinstance(payload, int):
        return writer.append_event(event)
    return writer.append_payload(kind, flags, index, recv_ns, encode_payload(payload), venue_ns)


def begin_session(folder: Path, *, segment_bytes: int = 1 << 20, usdt: str = "1000") -> JournalWriter:
    return JournalWriter.create(folder, head(folder.name, usdt), segment_bytes=segment_bytes, reserve_bytes=0)


def seal(writer: JournalWriter, ended_ns: int = START_NS + MINUTE_NS // 2) -> None:
    writer.seal(SealState.ENDED, "asked to", digest=bytes(32), inputs=0, effects=0, ended_ns=ended_ns)


def write_session(
    folder: Path, events: Iterable[Event], *, segment_bytes: int = 1 << 20, ended_ns: int = START_NS, usdt: str = "1000"
) -> Path:
    writer = begin_session(folder, segment_bytes=segment_bytes, usdt=usdt)
    for event in events:
        append(writer, event)
        writer.flush()
    seal(writer, ended_ns)
    return folder


def with_db(file: Path, act: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
    async def main() -> T:
        db = await open_store(file)
        try:
            return await act(db)
        finally:
            await db.close()

    return asyncio.run(main())


def follow(file: Path, folder: Path, *, anew: bool = False, batch: int = 5_000, commit_s: float = 0.5) -> int:
    """Bring the store up to date with what is there of a session."""

    async def act(db: aiosqlite.Connection) -> int:
        return await Follower(db, file, folder, batch=batch, commit_s=commit_s).run(anew=anew)

    return with_db(file, act)


def digest_of(file: Path, session: str) -> str:
    async def act(db: aiosqlite.Connection) -> str:
        return await digest(db, session)

    return with_db(file, act)


def rebuilt_digest(folder: Path, beside: Path) -> str:
    """The digest of a store that was made of the journal in one go."""
    beside.unlink(missing_ok=True)
    follow(beside, folder)
    return digest_of(beside, folder.name)


def rows_of(file: Path, sql: str) -> list[tuple[object, ...]]:
    """What the standard library's SQLite reads, without anything of ours."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def table_of(file: Path, name: str) -> list[dict[str, object]]:
    """A table's rows by column, in the order of its key, without the session's number."""
    table = TABLES[name]
    sql = f"SELECT {', '.join(table.columns)} FROM {name} ORDER BY {', '.join(table.key)}"
    return [dict(zip(table.columns, row, strict=True)) for row in rows_of(file, sql)]
