import os

from journal.folders import COMPRESSED_SUFFIX, segment_files
from journal.retention import DAY_NS
from tests.journal.auditing import NAMES, signed_root

SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[session]
root = "{root}"
[audit]
key_file = "{key}"
anchors = ["{anchors}"]
keep_days = {keep}
compress_after_days = 30
"""


def _settings(tmp_path, keep: int):
    root, anchors, _ = signed_root(tmp_path)
    path = tmp_path / "settings.toml"
    path.write_text(SETTINGS.format(root=root, key=tmp_path / "key.pem", anchors=anchors, keep=keep))
    for name in NAMES[:2]:  # last written long ago; the third one now
        for segment in segment_files(root / name):
            os.utime(segment, ns=(0, 1_000 * DAY_NS))
    return path, root


def test_policies_are_dry_runs_until_they_are_meant(tmp_path, tickerd):
    path, root = _settings(tmp_path, keep=100)
    told = tickerd("journal", "compress", "--policy", "-c", path)
    assert f"would compress {NAMES[0]}" in told.out
    assert "would compress 2 sessions; a dry run" in told.out
    assert tickerd("journal", "compress", "--policy", "-c", path, "--json").json()["sessions"] == list(NAMES[:2])
    assert tickerd("journal", "compress", "--policy", "-c", path, "--yes").code == 0
    assert all(each.suffix == COMPRESSED_SUFFIX for each in segment_files(root / NAMES[0]))
    assert not any(each.suffix == COMPRESSED_SUFFIX for each in segment_files(root / NAMES[2]))
    told = tickerd("journal", "prune", "--policy", "-c", path)
    assert f"would remove {NAMES[0]}" in told.out
    assert "a dry run: --yes does it" in told.out
    assert (root / NAMES[0]).is_dir()
    done = tickerd("journal", "prune", "--policy", "-c", path, "--yes", "--json").json()
    assert done["removed"] == list(NAMES[:2])
    assert tickerd("audit", "verify", "--root", root, "--anchors", tmp_path / "anchors.jsonl").code == 0


def test_five_years_are_kept_unless_the_settings_say_otherwise(tmp_path, tickerd):
    path, root = _settings(tmp_path, keep=1_827)
    done = tickerd("journal", "prune", "--policy", "-c", path, "--yes", "--json").json()
    assert set(done["spared"].values()) == {
        "younger than [audit] keep_days"
    }  # by the signature, whatever the file says
    assert done["removed"] == []
    plain = tickerd("journal", "prune", "--max-sessions", "1", "--root", root)
    assert "is in no second place that was named" in plain.out
    assert (root / NAMES[0]).is_dir()


def test_what_a_policy_needs_is_told(tmp_path, tickerd):
    assert "wants -c FILE" in tickerd("journal", "prune", "--policy").err
    assert "wants -c FILE" in tickerd("journal", "compress", "--policy").err
    path, _ = _settings(tmp_path, keep=0)
    assert "sets no age" in tickerd("journal", "prune", "--policy", "-c", path).err
