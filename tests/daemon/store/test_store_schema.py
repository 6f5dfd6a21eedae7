"""The store's schema: every migration keeps the rows that were there, and a file of another kind is refused."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from daemon.store.database import DecimalSum, connect, migrate, open_store
from daemon.store.errors import StoreDamaged, StoreError, StoreForeign, StoreIOError, StoreLocked, StoreTooNew
from daemon.store.rows import TABLES
from daemon.store.schema import MIGRATIONS, VERSION
from tests.daemon.store.store_making import rows_of, with_db


def tables_at(file: Path) -> dict[str, list[tuple[str, str, int]]]:
    """Every table's columns: name, type, whether NULL is refused."""
    names = [name for (name,) in rows_of(file, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {
        str(name): [(c[1], c[2], c[3]) for c in rows_of(file, f"PRAGMA table_info({name})")]  # type: ignore[misc]
        for name in names
    }


def made_by_schema(file: Path, version: int) -> None:
    """A store as the build with this schema made it."""

    async def make() -> None:
        db = await connect(file)
        await db.execute("PRAGMA journal_mode = WAL")
        await migrate(db, version)
        await db.close()

    asyncio.run(make())


def fill(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Put two rows into every table there is, and return all rows."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA foreign_keys = ON")
    tables = tables_at(file)
    for name in ["sessions", *(name for name in tables if name not in {"meta", "sessions"})]:
        for number in (1, 2):
            values = [number if kind == "INTEGER" else f"{name}-{column}-{number}" for column, kind, _ in tables[name]]
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)
    connection.commit()
    connection.close()
    return {name: rows_of(file, f"SELECT * FROM {name}") for name in tables}


@pytest.mark.parametrize("migration", MIGRATIONS[1:], ids=lambda migration: f"to version {migration.number}")
def test_a_store_of_the_version_before_keeps_its_rows(tmp_path, migration):
    file = tmp_path / "store.db"
    made_by_schema(file, migration.number - 1)
    before = fill(file)

    async def one_step() -> None:
        db = await connect(file)
        await migrate(db, migration.number)
        await db.close()

    asyncio.run(one_step())
    after = {name: rows_of(file, f"SELECT * FROM {name}") for name in before}

    assert after == before
    assert set(tables_at(file)) > set(before), migration.summary
    assert rows_of(file, "PRAGMA user_version") == [(migration.number,)]


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_store_of_any_older_version_opens_with_its_rows_and_a_copy_beside_it(tmp_path, version):
    file = tmp_path / "store.db"
    made_by_schema(file, version)
    before = fill(file)

    with_db(file, lambda db: db.commit())

    fresh = tmp_path / "fresh.db"
    with_db(fresh, lambda db: db.commit())
    assert {name: rows_of(file, f"SELECT * FROM {name}") for name in before} == before
    assert tables_at(file) == tables_at(fresh), "however old, a store has this build's schema"
    copy = tmp_path / f"store.db.v{version}.bak"
    assert {name: rows_of(copy, f"SELECT * FROM {name}") for name in before} == before
    assert rows_of(copy, "PRAGMA user_version") == [(version,)]
    assert list(tmp_path.glob("*.part")) == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "store.db"
    made_by_schema(file, 1)
    before = tables_at(file)
    spoilt = MIGRATIONS[2]._replace(statements=(*MIGRATIONS[2].statements, "CREATE nonsense"))
    monkeypatch.setattr("daemon.store.database.MIGRATIONS", (*MIGRATIONS[:2], spoilt))

    with pytest.raises(StoreError, match="syntax error"):
        with_db(file, lambda db: db.commit())

    assert tables_at(file) == before
    assert rows_of(file, "PRAGMA user_version") == [(1,)]


def test_two_that_open_an_old_store_at_once_migrate_it_once(tmp_path):
    file = tmp_path / "store.db"
    made_by_schema(file, 1)

    async def both() -> None:
        for db in await asyncio.gather(open_store(file), open_store(file)):
            await db.close()

    asyncio.run(both())
    assert rows_of(file, "PRAGMA user_version") == [(VERSION,)]


def test_migrations_are_numbered_without_a_gap():
    assert [migration.number for migration in MIGRATIONS] == list(range(1, VERSION + 1))


def test_projections_write_the_columns_that_the_schema_has(tmp_path):
    file = tmp_path / "store.db"
    with_db(file, lambda db: db.commit())
    tables = tables_at(file)

    assert set(tables) == {"meta", "sessions", *TABLES}
    for name, table in TABLES.items():
        assert [column for column, _, _ in tables[name]] == ["session_no", *table.columns], name
        keys = [row[1] for row in rows_of(file, f"PRAGMA table_info({name})") if row[5]]
        assert keys == ["session_no", *table.key], name


def test_the_file_is_in_wal_mode_and_removing_a_session_removes_its_rows(tmp_path):
    file = tmp_path / "store.db"
    with_db(file, lambda db: db.commit())
    fill(file)

    async def remove(db) -> None:
        await db.execute("DELETE FROM sessions WHERE session_no = 1")

    with_db(file, remove)
    assert rows_of(file, "PRAGMA journal_mode") == [("wal",)]
    for name in TABLES:
        assert rows_of(file, f"SELECT session_no FROM {name}") == [(2,)]


def test_only_its_owner_reads_the_file_and_its_copies(tmp_path):
    file = tmp_path / "store.db"
    made_by_schema(file, 1)
    with_db(file, lambda db: db.commit())
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "store.db": 0o600,
        "store.db.v1.bak": 0o600,
    }


def test_a_store_of_a_newer_build_is_refused_by_its_name(tmp_path):
    file = tmp_path / "store.db"
    with_db(file, lambda db: db.commit())
    connection = sqlite3.connect(file)
    connection.execute("UPDATE meta SET value = '9.7.0' WHERE key = 'build'")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.commit()
    connection.close()

    with pytest.raises(StoreTooNew, match=rf"schema {VERSION + 1}, written by tickerd 9\.7\.0; this is tickerd 0\."):
        with_db(file, lambda db: db.commit())


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "theirs.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = file.read_bytes()

    with pytest.raises(StoreForeign, match="another program"):
        with_db(file, lambda db: db.commit())
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_told_as_damage(tmp_path):
    file = tmp_path / "store.db"
    file.write_bytes(b"no database at all, but long enough to be looked at" * 100)

    with pytest.raises(StoreDamaged, match="store rebuild --all"):
        with_db(file, lambda db: db.commit())


def test_a_place_where_no_file_can_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreIOError, match="the journals are not concerned"):
        with_db(tmp_path / "file" / "store.db", lambda db: db.commit())


def test_a_store_that_another_program_holds_is_told_as_locked(tmp_path):
    file = tmp_path / "store.db"
    made_by_schema(file, 1)
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreLocked, match="locked by another program"):
        asyncio.run(open_store(file, busy_s=0.05))
    holder.close()


def test_decimals_add_exactly_in_sql(tmp_path):
    async def ask(db):
        sql = "SELECT decimal_sum(x) FROM (SELECT ? AS x UNION ALL SELECT ? UNION ALL SELECT NULL)"
        async with db.execute(sql, ("12345678901234567890.000000000000000001", "-0.2")) as cursor:
            return await cursor.fetchone()

    assert with_db(tmp_path / "store.db", ask) == ("12345678901234567889.800000000000000001",)
    assert DecimalSum().finalize() == "0"
