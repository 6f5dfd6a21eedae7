"""Where the projection of a session stands in the store, and what was known there."""

from typing import NamedTuple

import aiosqlite
import msgspec

from config.settings import Mode
from core.decimals import plain
from core.instruments import Instrument
from core.money import money
from daemon.store.database import transaction
from daemon.store.kinds import Record, set_balance
from daemon.store.known import Known, Traded
from daemon.store.rows import STATEMENTS, TABLES, Rows
from daemon.store.schema import VERSION
from journal.head import SessionHead, SessionState

_INSERT = """
    INSERT INTO sessions
        (session_no, session, folder, mode, labels, build, config_digest, started_ns, state, schema)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LIVE = Mode.LIVE.value

_instrument_of = msgspec.json.Decoder(Instrument).decode


class Begun(NamedTuple):
    """A session in the store: its number there, and what is known of it."""

    session_no: int
    known: Known


async def begin(db: aiosqlite.Connection, head: SessionHead, folder: str) -> Begun:
    """Return where a session's projection stands; one that the store does not have begins at its first record."""
    async with transaction(db):
        session_no = await _number_of(db, head)
        if session_no is None:
            session_no = await _insert(db, head, folder, None)
        else:  # sessions are moved, compressed, copied back
            sql = "UPDATE sessions SET folder = ? WHERE session_no = ?"
            await db.execute(sql, (folder, session_no))
        return Begun(session_no, await _known(db, session_no))


async def begin_anew(db: aiosqlite.Connection, head: SessionHead, folder: str) -> Begun:
    """Forget all of a session but its number, and begin at its first record."""
    async with transaction(db):
        session_no = await _number_of(db, head)
        await db.execute("DELETE FROM sessions WHERE session = ?", (head.session_id,))
        session_no = await _insert(db, head, folder, session_no)
        return Begun(session_no, await _known(db, session_no))


async def _number_of(db: aiosqlite.Connection, head: SessionHead) -> int | None:
    """Return a session's number, None where the store does not have it."""
    async with db.execute("SELECT session_no FROM sessions WHERE session = ?", (head.session_id,)) as cursor:
        row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def _insert(db: aiosqlite.Connection, head: SessionHead, folder: str, session_no: int | None) -> int:
    """Add a session, with what its account starts with, and return its number."""
    values = (
        session_no,
        head.session_id,
        folder,
        head.mode,
        ", ".join(head.labels),
        head.build.version,
        head.config_digest,
        head.started_ns,
        SessionState.RUNNING.value,
        VERSION,
    )
    cursor = await db.execute(_INSERT, values)
    assert cursor.lastrowid is not None
    for table in TABLES:  # the sqlite3 shell removes a session without its rows: foreign keys are off there
        await db.execute(f"DELETE FROM {table} WHERE session_no = ?", (cursor.lastrowid,))  # noqa: S608 - ours
    await write(db, cursor.lastrowid, _start_balances(head))
    return cursor.lastrowid


def _start_balances(head: SessionHead) -> Rows:
    """Return what the simulated account of a session starts with: its head says so, no record does."""
    rows, paper = Rows(), head.config.get("paper")
    # A live account has what its venue says, which comes as records.
    balances = paper.get("balances") if isinstance(paper, dict) and head.mode != LIVE else None
    for currency, amount in sorted((balances if isinstance(balances, dict) else {}).items()):
        start = money(plain(amount))
        set_balance(Known(), Record(0, 0, head.started_ns, 0), str(currency), start, start, "start", rows)
    return rows


async def write(db: aiosqlite.Connection, session_no: int, rows: Rows) -> None:
    """Write rows of a session; in a transaction of the caller."""
    for table, found in rows.by_table.items():
        if found:
            await db.executemany(STATEMENTS[table], [(session_no, *row) for row in found])


async def _known(db: aiosqlite.Connection, session_no: int) -> Known:
    """Return what was known where a session's projection stands."""
    sql = "SELECT next_seq, recv_ns FROM sessions WHERE session_no = ?"
    ((next_seq, recv_ns),) = await db.execute_fetchall(sql, (session_no,))
    known = Known(next_seq=next_seq, recv_ns=recv_ns)
    sql = "SELECT idx, definition FROM instruments WHERE session_no = ? ORDER BY idx"
    for index, definition in await db.execute_fetchall(sql, (session_no,)):
        known.instruments[index] = Traded(index, _instrument_of(definition))
    sql = "SELECT idx, bid_units, ask_units, last_units FROM marks WHERE session_no = ?"
    for index, bid, ask, last in await db.execute_fetchall(sql, (session_no,)):
        traded = known.instruments[index]
        traded.bid, traded.ask, traded.last = bid, ask, last
    sql = "SELECT idx, quantity_units, cost, realised, fees FROM positions WHERE session_no = ?"
    for index, quantity, *texts in await db.execute_fetchall(sql, (session_no,)):
        held = known.instruments.get(index)
        if held is not None:
            held.quantity = quantity
            held.cost, held.realised, held.fees = map(money, texts)
    sql = "SELECT currency, balance FROM balances WHERE session_no = ? ORDER BY currency"
    known.balances = {currency: money(text) for currency, text in await db.execute_fetchall(sql, (session_no,))}
    return known
