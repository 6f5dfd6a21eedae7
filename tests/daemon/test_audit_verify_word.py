import json

import pytest

from tests.journal.auditing import NAMES, signed_root
from tests.journal.making import segments


@pytest.fixture
def made(tmp_path):
    root, anchors, _ = signed_root(tmp_path)
    return root, anchors, tmp_path / "key.pem.pub"


def test_what_is_whole_is_told_with_whose_word_it_is(made, tickerd):
    root, anchors, key = made
    told = tickerd("audit", "verify", root, "--anchors", anchors, "--key", key)
    assert told.code == 0
    assert "3 sessions: nothing contradicts what was written and signed" in told.out
    assert "signed by" not in told.out
    alone = tickerd("audit", "verify", "--root", root)
    assert alone.code == 0
    assert "whose key that is, only --key FILE.pub tells" in alone.out
    one = tickerd("audit", "verify", NAMES[2], "--root", root, "--json")
    assert [each["session"] for each in one.json()["audit"]["sessions"]] == [NAMES[2]]
    assert one.json()["ok"]


def test_damage_is_located_and_has_an_exit_code_of_its_own(made, tickerd):
    root, anchors, _ = made
    path = segments(root / NAMES[1])[1]
    data = bytearray(path.read_bytes())
    data[1000] ^= 4
    path.write_bytes(data)
    told = tickerd("audit", "verify", root, "--anchors", anchors)
    assert told.code == 4
    assert f"! {NAMES[1]}: damaged at record" in told.out
    assert f"({path.name}, byte {1000 // 64 * 64})" in told.out
    assert "keep the folder as it is" in told.out
    assert "copy the folder first" in told.out
    assert json.loads(tickerd("audit", "verify", root, "--json").out)["exit_code"] == 4


def test_what_is_not_there_is_a_mistake_and_what_is_missing_is_none(made, tickerd, tmp_path):
    root, anchors, key = made
    assert tickerd("audit", "verify", root, "--key", tmp_path / "absent").code == 2
    unmounted = tickerd("audit", "verify", root, "--anchors", tmp_path / "absent")
    assert (unmounted.code, "is the disk of the second place mounted" in unmounted.err) == (2, True)
    assert tickerd("audit", "verify", "--root", tmp_path / "absent").code == 2
    (root / NAMES[0]).rename(tmp_path / "gone")
    told = tickerd("audit", "verify", root, "--anchors", anchors, "--key", key)
    assert told.code == 3
    assert f"! {NAMES[0]}: missing" in told.out
    (tmp_path / "empty").mkdir()
    assert "no sessions in" in tickerd("audit", "verify", tmp_path / "empty").out


def test_a_pair_of_keys_is_made_once(tickerd, tmp_path):
    made = tickerd("audit", "key", tmp_path / "audit.pem", "--json")
    assert made.code == 0
    assert len(made.json()["key"]) == 64
    assert (tmp_path / "audit.pem").stat().st_mode & 0o777 == 0o600
    assert tickerd("audit", "key", tmp_path / "audit.pem").code == 2
