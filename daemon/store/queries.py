"""Questions to the store. A console asks the same functions as the command line; none of them writes, but `prune`."""

import hashlib
from typing import NamedTuple

import aiosqlite
import msgspec

from daemon.store.database import transaction
from daemon.store.rows import TABLES
from journal.head import SessionState


class View(NamedTuple):
    """What one question shows: a table, and which of its columns filters go by ("" where it has none)."""

    table: str
    time: str
    instrument: str = "instrument"
    strategy: str = ""


VIEWS: dict[str, View] = {
    "orders": View("orders", "updated_ns", strategy="strategy_id"),
    "events": View("events", "recv_ns", strategy="strategy_id"),
    "fills": View("fills", "recv_ns", strategy="strategy_id"),
    "positions": View("positions", "recv_ns"),
    "position-changes": View("position_changes", "recv_ns"),
    "balances": View("balances", "recv_ns", instrument=""),
    "balance-changes": View("balance_changes", "recv_ns", instrument=""),
    "equity": View("equity", "time_ns", instrument=""),
    "refusals": View("refusals", "recv_ns", strategy="strategy_id"),
    "lots": View("lots", "updated_ns", strategy="strategy_id"),
    "alerts": View("alerts", "recv_ns"),
    "freezes": View("freezes", "recv_ns"),
    "reconciliations": View("reconciliations", "recv_ns", instrument=""),
    "links": View("links", "recv_ns", instrument=""),
    "evidence": View("evidence", "recv_ns", instrument=""),
    "parents": View("parents", "updated_ns", strategy="strategy_id"),
}


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; times include `from_ns` and exclude `until_ns`, and the newest `limit` rows count (0: all)."""

    session: str = ""
    instrument: str = ""
    strategy: str = ""
    from_ns: int | None = None
    until_ns: int | None = None
    limit: int = 0


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session as the store has it."""

    session: str
    folder: str
    mode: str
    labels: str
    state: str
    reason: str
    started_ns: int
    ended_ns: int
    recv_ns: int
    next_seq: int
    schema: int
    orders: int
    fills: int


Answer = list[dict[str, object]]


async def select(db: aiosqlite.Connection, view: View, filters: Filters) -> Answer:
    """Return the rows that pass the filters, oldest first, each by column, the session's name among them.

    A filter that the view has no column for is for the caller to refuse.
    """
    conditions: list[str] = []
    values: list[object] = []
    for column, condition, value in (
        ("sessions.session", "= ?", filters.session or None),
        (view.instrument, "= ?", filters.instrument or None),
        (view.strategy, "= ?", filters.strategy or None),
        (view.time, ">= ?", filters.from_ns),
        (view.time, "< ?", filters.until_ns),
    ):
        if column and value is not None:
            conditions.append(f"{column if '.' in column else f'{view.table}.{column}'} {condition}")
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = "LIMIT ?" if filters.limit else ""
    columns = TABLES[view.table].columns
    shown = ", ".join(f"{view.table}.{column}" for column in columns)
    keys = ", ".join(f"{view.table}.{column} DESC" for column in TABLES[view.table].key)
    sql = (  # names of ours; what users say is in `values`
        f"SELECT sessions.session, {shown} FROM {view.table} JOIN sessions USING (session_no) {where} "  # noqa: S608
        f"ORDER BY {view.table}.{view.time} DESC, session_no DESC, {keys} {limit}"
    )
    rows = await db.execute_fetchall(sql, (*values, filters.limit) if filters.limit else tuple(values))
    return [dict(zip(("session", *columns), row, strict=True)) for row in reversed(list(rows))]


async def sessions(db: aiosqlite.Connection) -> list[SessionRow]:
    """Return the sessions in the store, oldest first."""
    sql = """
        SELECT session, folder, mode, labels, state, reason, started_ns, ended_ns, recv_ns, next_seq, schema,
            (SELECT count(*) FROM orders WHERE orders.session_no = sessions.session_no) AS orders,
            (SELECT count(*) FROM fills WHERE fills.session_no = sessions.session_no) AS fills
        FROM sessions ORDER BY started_ns, session_no
    """
    names = SessionRow.__struct_fields__
    rows = await db.execute_fetchall(sql)
    return [msgspec.convert(dict(zip(names, row, strict=True)), SessionRow) for row in rows]


async def digest(db: aiosqlite.Connection, session: str) -> str:
    """Return the SHA-256 of all that the store holds of a session: equal rows, equal digest, in any file.

    Left out is what differs by file: the session's number and where its folder is.
    """
    told = hashlib.sha256()
    sql = "SELECT mode, labels, started_ns, state, reason, ended_ns, recv_ns, next_seq FROM sessions WHERE session = ?"
    told.update(msgspec.json.encode(list(await db.execute_fetchall(sql, (session,)))))
    for name, table in TABLES.items():
        columns, keys = ", ".join(table.columns), ", ".join(table.key)
        sql = (
            f"SELECT {columns} FROM {name} WHERE session_no = "  # noqa: S608 - names of ours
            f"(SELECT session_no FROM sessions WHERE session = ?) ORDER BY {keys}"
        )
        told.update(name.encode())
        async with db.execute(sql, (session,)) as cursor:
            async for row in cursor:
                told.update(msgspec.json.encode(row))
    return told.hexdigest()


async def prune(db: aiosqlite.Connection, before_ns: int, *, dry_run: bool = False) -> list[str]:
    """Remove the sessions whose last record is older than `before_ns`, running ones never; return their names."""
    which = "state <> ? AND max(recv_ns, started_ns) < ?"
    values = (SessionState.RUNNING.value, before_ns)
    async with transaction(db):
        sql = f"SELECT session FROM sessions WHERE {which} ORDER BY started_ns"  # noqa: S608 - ours
        names = [str(name) for (name,) in await db.execute_fetchall(sql, values)]
        if not dry_run:
            await db.execute(f"DELETE FROM sessions WHERE {which}", values)  # noqa: S608 - ours
    return names


async def vacuum(db: aiosqlite.Connection) -> None:
    """Give back the space that removed rows took."""
    await db.execute("VACUUM")
    await db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
