"""History must not move: sessions recorded long ago replay to the same effects, and false ones are found out.

The committed sessions are made by `make_golden.py`; golden/README.md says when they may be made anew.
"""

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from core.codec import encode_payload
from core.effects import Alert, Severity
from core.orders import Side
from core.records import SLOT_BYTES, Kind
from daemon.replay import replay_session
from journal.errors import JournalDamaged
from journal.verify import verify
from tests.acceptance import proof
from tests.acceptance.processes import tickerd
from tests.replay.forging import Forgery
from tests.replay.make_golden import DIVERGING, FLIPPED, GOLDEN, TRUE

SEQS = msgspec.json.decode((GOLDEN / "seqs.json").read_bytes(), type=dict[str, int])
TRADING = {Kind.SUBMIT, Kind.CANCEL, Kind.ORDER, Kind.FILL, Kind.POSITION, Kind.BALANCE, Kind.REFUSAL}
EFFECTS = sorted(TRADING | {Kind.STRATEGY, Kind.TIMER})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The true session, to be changed."""
    folder = tmp_path / "session"
    shutil.copytree(TRUE, folder)
    return folder


def test_a_session_recorded_before_replays_identically():
    result = proof.verify(TRUE)
    assert result["state"] == "ended"
    assert result["digests_compared"] > 3


def test_a_recorded_session_replays_identically_on_every_python_and_hash_seed():
    if len(proof.pythons()) == 1:
        pytest.skip(f"no other Python with the dependencies than {proof.pythons()}; set TICKERD_PYTHONS")
    proof.replays_everywhere(TRUE)


def test_the_recorded_session_holds_every_kind_of_effect_that_trading_has():
    kinds = {head[0] for _, head in Forgery(TRUE).heads()}
    assert kinds >= set(EFFECTS)


def test_a_session_whose_effect_was_altered_fails_naming_the_record():
    assert tickerd("journal", "verify", DIVERGING).returncode == 0, (
        "CRCs and hash chain are right: only replay can tell"
    )
    done = tickerd("replay", DIVERGING, "--verify", "--json")
    assert done.returncode == 3, done.stderr
    result = msgspec.json.decode(done.stdout)
    assert result["ok"] is False
    assert result["first_difference"]["seq"] == SEQS["diverging"]
    assert result["first_difference"]["recorded"] != result["first_difference"]["recomputed"]
    told = tickerd("replay", DIVERGING, "--verify")
    assert told.returncode == 3
    assert f"record {SEQS['diverging']}" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("replay", FLIPPED, "--verify"),
        ("replay", FLIPPED, "--verify", "--json"),
        ("journal", "verify", FLIPPED),
        ("journal", "verify", FLIPPED, "--json"),
        ("journal", "export", FLIPPED, "--kind", "trades"),
    ],
    ids=lambda words: "-".join(word for word in words if isinstance(word, str)),
)
def test_a_session_with_a_flipped_bit_fails_as_damaged_naming_the_record(words):
    done = tickerd(*words)
    assert done.returncode == 4, done.stdout + done.stderr
    assert str(SEQS["flipped"]) in done.stdout + done.stderr


@pytest.mark.parametrize("words", [("replay",), ("journal", "export", "--kind", "quotes"), ("journal", "show")])
def test_what_is_before_the_damage_is_read_with_the_option_that_the_message_names(words):
    (advised,) = re.findall(r"--until (\d+)", tickerd("replay", FLIPPED).stderr)
    assert 0 < int(advised) <= SEQS["flipped"]
    action = words[:2] if words[0] == "journal" else words[:1]
    done = tickerd(*action, FLIPPED, *words[2:], "--until", advised, "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100


def test_a_flipped_bit_is_found_wherever_it_is_and_named(copy):
    (path,) = copy.glob("*.tkj")
    data = path.read_bytes()
    for at in range(0, len(data), 1021):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        report = verify(copy)
        assert report.damage is not None, f"byte {at}"
        assert report.damage.seq == at // SLOT_BYTES
        if report.damage.intact_seq:
            assert replay_session(copy, until_seq=report.damage.intact_seq).ok
        with pytest.raises(JournalDamaged):
            replay_session(copy)


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.name)
def test_an_effect_left_out_is_noticed_where_it_was(copy, kind):
    forgery = Forgery(copy)
    seqs = forgery.seqs(kind)
    forgery.remove(seqs[len(seqs) // 2])
    forgery.write()
    assert difference(copy) == seqs[len(seqs) // 2]


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.name)
def test_an_effect_told_twice_is_noticed_at_the_second(copy, kind):
    forgery = Forgery(copy)
    seq = forgery.seqs(kind)[-1]
    (following, _) = next((at, head) for at, head in forgery.heads() if at > seq)
    forgery.repeat(seq)
    forgery.write()
    assert difference(copy) == following


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.name)
def test_an_effect_of_another_content_is_noticed(copy, kind):
    forgery = Forgery(copy)
    seq = forgery.seqs(kind)[-1]
    effect = forgery.payload(seq)
    forgery.put_payload(seq, altered(effect))
    forgery.write()
    assert difference(copy) == seq


def test_an_effect_out_of_nowhere_is_noticed(copy):
    forgery = Forgery(copy)
    seq = forgery.seqs(Kind.QUOTE)[3]
    forgery.insert(seq, Kind.ALERT, encode_payload(Alert(severity=Severity.INFO, code="forged", message="")))
    forgery.write()
    assert difference(copy) == seq


def test_an_effect_that_cannot_be_read_is_a_difference_and_named(copy):
    forgery = Forgery(copy)
    seq = forgery.seqs(Kind.FILL)[1]
    forgery.remove(seq)
    forgery.insert(seq, Kind.FILL, b"\xc1 no msgpack")
    forgery.write()
    done = tickerd("replay", copy, "--verify", "--json")
    assert done.returncode == 3, done.stderr
    assert msgspec.json.decode(done.stdout)["first_difference"]["seq"] == seq


def test_an_input_that_cannot_be_read_is_damage_and_named(copy):
    forgery = Forgery(copy)
    seq = forgery.seqs(Kind.REPORT)[1]
    forgery.remove(seq)
    forgery.insert(seq, Kind.REPORT, b"\xc1 no msgpack")
    forgery.write()
    done = tickerd("replay", copy, "--verify", "--json")
    assert done.returncode == 4, done.stdout + done.stderr
    assert str(seq) in done.stderr


def test_a_price_changed_by_one_tick_in_the_market_is_noticed(copy):
    forgery = Forgery(copy)
    quotes = forgery.seqs(Kind.QUOTE)
    seq = quotes[len(quotes) // 2]
    head = next(head for at, head in forgery.heads() if at == seq)
    assert isinstance(head[5], int)
    forgery.put_event(seq, (*head[:5], head[5] - 1, *head[6:]))
    forgery.write()
    found = difference(copy)
    assert found is not None, "an average remembers every quote"
    assert found > seq


def test_an_input_left_out_is_noticed(copy):
    forgery = Forgery(copy)
    reports = forgery.seqs(Kind.REPORT)
    forgery.remove(reports[2])
    forgery.write()
    assert difference(copy) is not None


def difference(session: Path) -> int | None:
    """The record at which a replay leaves the recorded history; the journal itself must look right."""
    assert verify(session).ok
    first = replay_session(session).first_difference
    return None if first is None else first.seq


def altered(effect: msgspec.Struct) -> msgspec.Struct:
    """The same effect with its last number, text or side changed a little."""
    for name in reversed(effect.__struct_fields__):
        value = getattr(effect, name)
        other: object
        if name == "traceback":
            continue  # the interpreter's wording: told, not compared
        if isinstance(value, msgspec.Struct):
            other = altered(value)
        elif isinstance(value, Side):
            other = Side(-value)
        elif type(value) is int:
            other = value + 1
        elif type(value) is str:
            other = value + "0"
        else:
            continue
        return msgspec.structs.replace(effect, **{name: other})
    raise AssertionError(f"nothing to change in {effect!r}")
