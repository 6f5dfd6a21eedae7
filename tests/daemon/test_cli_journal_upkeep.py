"""`tickerd journal recover|compress|prune`: what keeps a folder of sessions in order."""

import os

from daemon.errors import ExitCode
from tests.daemon.sessions import flip_byte, record_crashed_session, record_session

DAY_S = 86_400


def age(folder, days):
    for path in folder.iterdir():
        moment = path.stat().st_mtime - days * DAY_S
        os.utime(path, (moment, moment))


def test_recover_cuts_the_torn_tail_and_keeps_it_beside(tickerd, root):
    folder = record_crashed_session(root, torn=b"\x55" * 40)
    size = (folder / "000000.tkj").stat().st_size

    words = tickerd("journal", "recover", folder)

    assert words.code == 0
    assert "cut 40 torn bytes off 000000.tkj" in words.out
    assert (folder / "000000.tkj").stat().st_size == size - 40
    assert (folder / "000000.tkj.torn").read_bytes() == b"\x55" * 40


def test_recover_is_harmless_when_repeated_or_not_needed(tickerd, session, root):
    folder = record_crashed_session(root)
    tickerd("journal", "recover", folder)

    assert tickerd("journal", "recover", folder, "--json").json()["torn"] is None
    assert "nothing torn" in tickerd("journal", "recover", session).out


def test_recover_refuses_to_touch_damage(tickerd, root):
    folder = record_crashed_session(root)
    flip_byte(folder, 300)
    before = (folder / "000000.tkj").read_bytes()

    answer = tickerd("journal", "recover", folder)

    assert answer.code == ExitCode.JOURNAL_DAMAGED
    assert "seq 300" in answer.err
    assert (folder / "000000.tkj").read_bytes() == before


def test_a_compressed_session_reads_verifies_and_replays_as_before(tickerd, session):
    before = tickerd("journal", "show", session).out

    words = tickerd("journal", "compress", session)

    assert words.code == 0
    assert "compressed 1 segment" in words.out
    assert [path.name for path in session.glob("*.tkj*")] == ["000000.tkj.zst"]
    assert tickerd("journal", "show", session).out == before
    assert tickerd("journal", "verify", session).code == 0
    assert tickerd("replay", session, "--verify").code == 0
    assert "nothing to compress" in tickerd("journal", "compress", session).out


def test_compress_all_takes_every_session_under_the_root(tickerd, root):
    for number in range(3):
        record_session(root, rounds=5, short_id=f"{number:06}")

    reports = tickerd("journal", "compress", "--all", "--root", root, "--json").lines()

    assert len(reports) == 3
    assert all(report["bytes_after"] < report["bytes_before"] for report in reports)


def test_compress_wants_one_session_or_all(tickerd, session, root):
    assert tickerd("journal", "compress").code == ExitCode.USAGE
    assert tickerd("journal", "compress", session, "--all", "--root", root).code == ExitCode.USAGE


def test_compress_refuses_damage_and_leaves_it(tickerd, session):
    flip_byte(session, 700)

    assert tickerd("journal", "compress", session).code == ExitCode.JOURNAL_DAMAGED
    assert (session / "000000.tkj").exists()


def test_prune_removes_what_is_too_old_and_tells_it(tickerd, root):
    old, new = (record_session(root, rounds=5, short_id=f"{number:06}") for number in range(2))
    age(old, 40)

    would = tickerd("journal", "prune", "--root", root, "--max-age-days", 30, "--dry-run")
    assert f"would remove {old.name}" in would.out
    assert old.exists()

    did = tickerd("journal", "prune", "--root", root, "--max-age-days", 30, "--json").json()
    assert did["removed"] == [old.name]
    assert did["kept"] == [new.name]
    assert did["bytes_freed"] > 0
    assert not old.exists()
    assert new.exists()


def test_prune_keeps_so_many_and_so_much(tickerd, root):
    names = [record_session(root, rounds=5, short_id=f"{number:06}").name for number in range(4)]

    two = tickerd("journal", "prune", "--root", root, "--max-sessions", 2, "--json").json()
    assert two["removed"] == names[:2]

    tiny = tickerd("journal", "prune", "--root", root, "--max-gib", "0.00001", "--json").json()
    assert tiny["removed"] == names[2:3], "the newest session always stays"


def test_prune_wants_a_limit(tickerd, root):
    assert tickerd("journal", "prune", "--root", root).code == ExitCode.USAGE
    assert tickerd("journal", "prune", "--root", root, "--max-age-days", "-1").code == ExitCode.USAGE
    assert tickerd("journal", "prune", "--root", root, "--max-gib", "nan").code == ExitCode.USAGE
