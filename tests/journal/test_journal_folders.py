import pytest

from journal.errors import JournalIOError, JournalNotFound
from journal.folders import (
    SESSION_NAME,
    create_session_folder,
    is_running,
    latest_session,
    session_name,
    sessions,
)
from journal.writer import JournalWriter
from tests.journal.making import START_NS, head, seal


def test_a_folder_is_named_by_utc_start_mode_and_a_short_id():
    assert session_name(START_NS, "paper", "0a1b2c") == "20240808T095640Z-paper-0a1b2c"


def test_a_new_session_folder_is_private_and_the_latest(tmp_path):
    first = create_session_folder(tmp_path / "sessions", START_NS, "paper")
    second = create_session_folder(tmp_path / "sessions", START_NS, "paper")
    assert first != second
    assert SESSION_NAME.fullmatch(first.name)
    assert first.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "sessions" / "latest").resolve() == second
    for folder in (first, second):
        seal(JournalWriter.create(folder, head()))
    assert latest_session(tmp_path / "sessions") == second
    assert sorted(sessions(tmp_path / "sessions")) == sorted((first, second))


def test_without_a_usable_pointer_the_newest_name_is_the_latest(tmp_path):
    for started_ns in (START_NS, START_NS + 60_000_000_000):
        seal(JournalWriter.create(create_session_folder(tmp_path, started_ns, "paper", "abc"), head()))
    (tmp_path / "latest").unlink()
    assert latest_session(tmp_path).name == "20240808T095740Z-paper-abc"
    (tmp_path / "latest").symlink_to("gone")
    assert latest_session(tmp_path).name == "20240808T095740Z-paper-abc"


def test_a_root_without_sessions_says_what_to_do(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(JournalNotFound, match="tickerd run"):
            latest_session(root)


def test_a_root_that_cannot_be_made_is_an_error_of_the_journal(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalIOError, match="check the root"):
        create_session_folder(tmp_path / "file", START_NS, "paper")


def test_a_folder_without_a_lock_is_not_running(tmp_path):
    assert not is_running(tmp_path)
    assert not (tmp_path / "lock").exists()
