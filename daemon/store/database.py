"""The store's file: opened, brought to this build's schema, and its failures told in our words.

WAL with `synchronous = NORMAL`: readers never wait for the writer, and a power loss costs at most the last commits,
which the follower makes again from the journal, whose cursor is in the same transaction.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from decimal import Context, Decimal
from pathlib import Path

import aiosqlite

from config import __version__
from daemon.store.errors import (
    StoreDamaged,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreIOError,
    StoreLocked,
    StoreMissing,
    StoreTooNew,
)
from daemon.store.schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_S = 10.0
ROOM_BYTES = 64 << 20
MINIMUM = (3, 37, 0)  # STRICT tables

_WIDE = Context(prec=200)
_REBUILD = "it can be made again from the journals: remove it, then `tickerd store rebuild --all`"


class DecimalSum:
    """`decimal_sum(x)`, exact, as the sqlite3 shell has it; NULLs do not count."""

    def __init__(self) -> None:
        """Begin at 0."""
        self._sum = Decimal(0)

    def step(self, value: object) -> None:
        """Add one decimal text or integer."""
        if value is not None:
            self._sum = _WIDE.add(self._sum, Decimal(str(value)))

    def finalize(self) -> str:
        """Return the sum without trailing zeros."""
        text = format(self._sum, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text


def _open(path: Path, busy_s: float) -> sqlite3.Connection:
    """Open the file, made if need be, as every connection of ours has it."""
    _own(path)
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_aggregate("decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # its step takes anything
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _own(path: Path) -> None:
    """Make a file that only its owner reads, as sessions are: it tells what is traded. One that is there stays so."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


async def connect(path: Path, *, busy_s: float = BUSY_S) -> aiosqlite.Connection:
    """Open the file as it is; `open_store` looks at its schema."""
    return await aiosqlite.Connection(lambda: _open(path, busy_s), iter_chunk_size=256)


async def open_store(path: Path, *, must_exist: bool = False, busy_s: float = BUSY_S) -> aiosqlite.Connection:
    """Open a store at this build's schema: made where there is none, migrated where it is older. Raises StoreError.

    Before an older one is migrated it is copied beside itself, as `store.db.v1.bak` for version 1.
    """
    if sqlite3.sqlite_version_info < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        raise StoreError(f"this Python has SQLite {sqlite3.sqlite_version}, the store needs {wanted}: use a newer one")
    if not path.is_file():  # noqa: ASYNC240 - once, before anything waits on this loop
        if must_exist:
            raise StoreMissing(
                f"no store at {path}; `tickerd store rebuild` makes one from the journals, "
                "and [store] enabled = true keeps one while sessions run"
            )
        with told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    with told(path):
        db = await connect(path, busy_s=busy_s)
        try:
            await _bring_up(db, path)
        except BaseException:
            await db.close()
            raise
    return db


async def _bring_up(db: aiosqlite.Connection, path: Path) -> None:
    """Bring an open file to this build's schema."""
    version = await _number(db, "PRAGMA user_version")
    owner = await _number(db, "PRAGMA application_id")
    tables = await _number(db, "SELECT count(*) FROM sqlite_schema")
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreForeign(f"{path} is a database of another program; name another [store] file, or another --file")
    if version > VERSION:
        build = await scalar(db, "SELECT value FROM meta WHERE key = 'build'")
        raise StoreTooNew(
            f"{path} has schema {version}, written by tickerd {build}; this is tickerd {__version__} and knows "
            f"{VERSION}: use that build, or another [store] file"
        )
    if await scalar(db, "PRAGMA journal_mode") != "wal":
        await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = NORMAL")
    if version < VERSION:
        await migrate(db, keep=path)


async def migrate(db: aiosqlite.Connection, until: int = VERSION, *, keep: Path | None = None) -> None:
    """Apply the migrations that are missing up to number `until`, all or none of them.

    `keep`: the file, to be copied beside itself before an older store is changed.
    """
    async with transaction(db):
        # Looked at inside: another process may have been faster, and none can come between now.
        version = await _number(db, "PRAGMA user_version")
        if keep is not None and 0 < version < until:
            await asyncio.to_thread(_back_up, keep, version)
        for migration in MIGRATIONS:
            if version < migration.number <= until:
                for statement in migration.statements:
                    await db.execute(statement)
        if version < until:
            await db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('build', ?)", (__version__,))
            await db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            await db.execute(f"PRAGMA user_version = {until}")


def _back_up(path: Path, version: int) -> None:
    """Copy what is committed of the file; the copy gets its name once it is whole."""
    target = path.with_name(f"{path.name}.v{version}.bak")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    _own(part)
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    part.replace(target)


def leave_room(path: Path) -> None:
    """Refuse to fill the disk: the last of it is for the journals, without which trading stops. Raises StoreFull."""
    left = shutil.disk_usage(path.parent).free
    if left < ROOM_BYTES:
        raise StoreFull(
            f"{left >> 20} MiB are left for {path}, and the last {ROOM_BYTES >> 20} are for journals: free space, "
            "then `tickerd store rebuild` catches up"
        )


@contextlib.asynccontextmanager
async def transaction(db: aiosqlite.Connection) -> AsyncIterator[None]:
    """Write all of a block or nothing of it. Other writers wait, readers do not."""
    await db.execute("BEGIN IMMEDIATE")
    try:
        yield
        await db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has rolled back by itself
            await db.execute("ROLLBACK")
        raise


async def scalar(db: aiosqlite.Connection, sql: str, parameters: tuple[object, ...] = ()) -> object:
    """Return the first value of the first row, None without one."""
    async with db.execute(sql, parameters) as cursor:
        row = await cursor.fetchone()
    return None if row is None else row[0]


async def _number(db: aiosqlite.Connection, sql: str) -> int:
    """Return a number that SQLite says."""
    value = await scalar(db, sql)
    assert isinstance(value, int), f"{sql} says {value!r}"
    return value


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise what SQLite and the file system say as this package's errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    except OSError as error:
        raise StoreIOError(f"cannot use the store {path}: {error}; the journals are not concerned") from error


def store_error(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error of this package that says what `error` means and what to do next."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of an extended code says where
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreLocked(f"{path} is locked by another program: end it, then `tickerd store rebuild` catches up")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"no space left for {path}: free space, then `tickerd store rebuild` catches up")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamaged(f"{path} is damaged ({error}); {_REBUILD}")
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return StoreIOError(f"cannot read or write {path}: {error}; check the disk and the folder's permissions")
    return StoreError(f"the store {path} refused: {error}; {_REBUILD}")
