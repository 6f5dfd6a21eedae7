import os

import pytest

from journal.audit.findings import What
from journal.audit.folder import audit
from journal.audit.removal import Removal
from journal.audit.trail import TRAIL_NAME
from journal.retention import DAY_NS, RetentionPolicy, apply_retention
from tests.journal.auditing import NAMES, signed_root
from tests.journal.making import START_NS, segments

NOW_NS = START_NS + 40 * DAY_NS
POLICY = RetentionPolicy(max_sessions=1)


@pytest.fixture
def made(tmp_path):
    return signed_root(tmp_path)


def _apply(root, removal, **options):
    return apply_retention(root, POLICY, NOW_NS, guardian=removal, **options)


def test_what_is_verified_and_anchored_goes_is_signed_for_and_not_missed(made):
    root, anchors, key = made
    removal = Removal([anchors], key, NOW_NS)
    dry = _apply(root, removal, dry_run=True)
    assert dry.removed == NAMES[:2]
    assert audit(root).ok
    done = _apply(root, removal)
    assert done.removed == NAMES[:2]
    assert done.spared == {}
    found = audit(root, None, [anchors], frozenset([key.public]))
    assert found.ok
    assert [(each.what, each.session) for each in found.findings] == [(What.REMOVED, name) for name in NAMES[:2]]
    (root / "removed.jsonl").unlink()
    assert {each.what for each in audit(root, None, [anchors]).findings} == {What.MISSING}


def test_what_is_not_anchored_broken_or_young_stays_and_says_why(made, tmp_path):
    root, anchors, key = made
    none = _apply(root, Removal([tmp_path / "unmounted"], key, NOW_NS))
    assert none.removed == ()
    assert all("second place" in why for why in none.spared.values())
    young = _apply(root, Removal([anchors], key, NOW_NS, keep_ns=41 * DAY_NS))
    assert set(young.spared.values()) == {"younger than [audit] keep_days"}
    path = segments(root / NAMES[0])[0]
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    broken = _apply(root, Removal([anchors], key, NOW_NS))
    assert broken.removed == (NAMES[1],)
    assert "not verified" in broken.spared[NAMES[0]]
    asked = _apply(root, Removal([], None, NOW_NS, anyway=True))
    assert asked.removed == (NAMES[0],)
    assert [(each.what, each.session) for each in audit(root, None, [anchors]).findings] == [
        (What.MISSING, NAMES[0]),
        (What.REMOVED, NAMES[1]),
    ]


def test_what_was_never_signed_goes_by_the_policy_alone(made):
    root, _, _ = made
    (root / NAMES[0] / TRAIL_NAME).unlink()
    assert _apply(root, Removal([], None, NOW_NS)).removed == (NAMES[0],)


def test_a_removal_that_cannot_be_signed_for_does_not_happen(made, monkeypatch):
    root, anchors, key = made

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Exception, match="cannot sign for what is removed"):
        _apply(root, Removal([anchors], key, NOW_NS))
    monkeypatch.undo()
    assert audit(root, None, [anchors]).ok
