import os

import pytest

from journal.folders import latest_session, sessions
from journal.retention import DAY_NS, RetentionPolicy, apply_retention
from journal.writer import JournalWriter
from tests.journal.making import head, quote, seal, write

NOW_NS = 1_800_000_000_000_000_000


@pytest.fixture
def root(tmp_path):
    """Five sealed sessions, written 5, 4, 3, 2 and 1 days ago, of about 16 kB each."""
    for age in range(5, 0, -1):
        folder = tmp_path / f"2024080{6 - age}T000000Z-paper-aaaaaa"
        writer = JournalWriter.create(folder, head())
        write(writer, [quote(i) for i in range(240)], 240)
        seal(writer)
        for path in folder.iterdir():
            os.utime(path, ns=(NOW_NS - age * DAY_NS, NOW_NS - age * DAY_NS))
    return tmp_path


def _left(root):
    return [path.name[:8] for path in sessions(root)]


def test_without_limits_everything_stays(root):
    report = apply_retention(root, RetentionPolicy(), NOW_NS)
    assert (report.removed, report.bytes_freed, len(report.kept)) == ((), 0, 5)


def test_sessions_last_written_too_long_ago_go(root):
    report = apply_retention(root, RetentionPolicy(max_age_days=2.5), NOW_NS)
    assert _left(root) == ["20240804", "20240805"]
    assert len(report.removed) == 3
    assert report.bytes_freed > 3 * 240 * 64


def test_the_oldest_go_until_the_number_fits(root):
    apply_retention(root, RetentionPolicy(max_sessions=3), NOW_NS)
    assert _left(root) == ["20240803", "20240804", "20240805"]


def test_the_oldest_go_until_the_size_fits(root):
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    told = []
    apply_retention(
        root,
        RetentionPolicy(max_total_bytes=size // 2),
        NOW_NS,
        progress=lambda done, total: told.append((done, total)),
    )
    assert _left(root) == ["20240804", "20240805"]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_newest_session_always_stays(root):
    policy = RetentionPolicy(max_age_days=0, max_sessions=0, max_total_bytes=0)
    apply_retention(root, policy, NOW_NS)
    assert _left(root) == ["20240805"]
    assert latest_session(root).name.startswith("20240805")


def test_a_running_session_is_never_touched(root):
    folder = root / "20240701T000000Z-paper-bbbbbb"
    writer = JournalWriter.create(folder, head())
    os.utime(folder / "000000.tkj", ns=(1, 1))
    report = apply_retention(root, RetentionPolicy(max_age_days=1.5), NOW_NS)
    assert _left(root) == ["20240701", "20240805"]
    assert folder.name in report.kept
    write(writer, [quote(1)])
    writer.close()


def test_a_dry_run_names_what_would_go_and_removes_nothing(root):
    report = apply_retention(root, RetentionPolicy(max_sessions=1), NOW_NS, dry_run=True)
    assert len(report.removed) == 4
    assert len(_left(root)) == 5


def test_folders_that_are_no_sessions_are_left_alone(root):
    (root / "notes").mkdir()
    (root / "notes" / "readme.txt").write_text("mine")
    apply_retention(root, RetentionPolicy(max_sessions=1), NOW_NS)
    assert (root / "notes" / "readme.txt").read_text() == "mine"


def test_a_removal_that_was_interrupted_is_finished_and_never_listed(root):
    sessions(root)[0].rename(root / f".removing-{sessions(root)[0].name}")
    assert len(_left(root)) == 4
    apply_retention(root, RetentionPolicy(), NOW_NS)
    assert not list(root.glob(".removing-*"))


def test_no_root_means_nothing_to_do(tmp_path):
    assert apply_retention(tmp_path / "none", RetentionPolicy(max_sessions=1), NOW_NS).kept == ()
