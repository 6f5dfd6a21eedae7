import shutil
import zlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.records import CRC, SLOT_BYTES, Kind
from journal.audit.findings import What
from journal.audit.folder import audit
from journal.audit.heads import HeadState, is_genuine, read_head
from journal.audit.keys import load_public_key, load_signing_key, make_keys
from journal.audit.trail import TRAIL_NAME, TrailWriter, close_crashed, last_signed, name_before, read_trail, unclosed
from journal.chain import HashChain
from journal.compress import compress
from journal.errors import JournalSealed, KeyRefused
from journal.links import follow_segment
from journal.reader import open_session
from journal.verify import verify
from journal.writer import JournalWriter
from tests.journal.auditing import NAMES, key_in, signed_root, signed_session
from tests.journal.making import head, mixed, put, seal, segments, write


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    return *signed_root(folder), folder


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "sessions")


def _audit(root, made, *, anchored=True):
    return audit(root, None, [made[1]] if anchored else [], frozenset([load_public_key(made[3] / "key.pem.pub")]))


def _breaks(found):
    return [(each.what, each.session) for each in found.all_findings if each.is_break]


def test_what_was_signed_is_whole(made):
    found = _audit(made[0], made)
    assert found.ok
    assert found.all_findings == []
    assert [(each.session, each.signatures, each.anchors) for each in found.sessions] == [
        (name, 5, 5) for name in NAMES
    ]
    assert all(each.signed_seq == each.slots for each in found.sessions)


def test_signatures_hold_after_compression(copy, made):
    for name in NAMES:
        compress(copy / name)
    assert _audit(copy, made).ok


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_byte_flipped_anywhere_is_found_in_the_session_where_it_is(made, data):
    root = made[0]
    name = data.draw(st.sampled_from(NAMES))
    path = data.draw(st.sampled_from([*segments(root / name), root / name / TRAIL_NAME]))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] ^= data.draw(st.integers(1, 255))
    put(path, broken)
    try:
        found = audit(root, [root / name], [made[1]])
        told = [each for each in found.all_findings if each.is_break]
        assert {each.session for each in told} == {name}
        if path.suffix == ".tkj":
            first = told[0]
            assert first.segment == path.name
            assert first.offset <= at
    finally:
        put(path, whole)


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_anywhere_is_found_even_where_the_session_had_crashed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cut")
    anchors, key = folder / "anchors.jsonl", key_in(folder)
    session = signed_session(folder, NAMES[0], key, anchors, sealed=False)
    signed = [each.seq for each in read_trail(session).heads if each]
    paths = segments(session)
    number = data.draw(st.integers(0, len(paths) - 1))
    content = paths[number].read_bytes()
    cut = data.draw(st.integers(0, len(content) - 1))
    kept = sum(path.stat().st_size for path in paths[:number]) + cut
    for path in paths[number + 1 :]:
        path.unlink()
    put(paths[number], content[:cut])
    found = audit(folder, [session], [anchors], frozenset([key.public]))
    assert found.ok == (kept // SLOT_BYTES > signed[-1])
    if not found.ok:
        assert {each.what for each in found.all_findings if each.is_break} <= {What.CUT, What.DAMAGED, What.UNREADABLE}


@pytest.mark.parametrize("name", NAMES)
def test_a_session_that_is_taken_away_is_missed(copy, made, name):
    shutil.rmtree(copy / name)
    found = _audit(copy, made)
    assert _breaks(found) == [(What.MISSING, name)]
    alone = _audit(copy, made, anchored=False)  # the next one names it; of the last, only the second place knows
    assert _breaks(alone) == ([] if name == NAMES[-1] else [(What.MISSING, name)])


def test_sessions_that_are_swapped_are_both_found(copy, made):
    (copy / NAMES[0]).rename(copy / "other")
    (copy / NAMES[1]).rename(copy / NAMES[0])
    (copy / "other").rename(copy / NAMES[1])
    found = _breaks(_audit(copy, made))
    assert (What.RENAMED, NAMES[0]) in found
    assert (What.RENAMED, NAMES[1]) in found


def test_segments_that_are_swapped_are_found(copy, made):
    first, second = segments(copy / NAMES[0])[:2]
    first_bytes, second_bytes = first.read_bytes(), second.read_bytes()
    put(first, second_bytes)
    put(second, first_bytes)
    assert not _audit(copy, made).ok


def _rewrite(session, seq):
    """Change a record and mend every checksum and link after it, as somebody who knows the format would."""
    with open_session(session, verify=False) as reader:
        parts = [(each.path, bytearray(each.data()), each.first_seq, each.slots) for each in reader.segments]
    chain = HashChain()
    for path, data, first_seq, slots in parts:
        for index in range(slots):
            at, number = index * SLOT_BYTES, first_seq + index
            if number == seq:
                data[at + 40] ^= 1
            if data[at + 4] == Kind.CHAIN:
                event = chain.link(number)
                data[at + 32 : at + 64] = b"".join(int(each).to_bytes(8, "little", signed=True) for each in event[6:])
            elif data[at + 4] == Kind.SEGMENT and first_seq:
                return  # a head's own link value would have to be mended as well
            CRC.pack_into(data, at, zlib.crc32(data[at + 4 : at + SLOT_BYTES], number))
            if data[at + 4] != Kind.CHAIN:
                chain.update(data[at : at + SLOT_BYTES])
        put(path, data)


def test_a_chain_that_was_forged_as_a_whole_is_found_by_the_signatures(tmp_path):
    key, anchors = key_in(tmp_path), tmp_path / "anchors.jsonl"
    session = signed_session(tmp_path, NAMES[0], key, anchors, count=15)
    assert len(segments(session)) > 1 or verify(session).ok
    joined = open_session(session)
    quote = next(seq for seq, event in joined.events() if event[0] == Kind.QUOTE)
    signed = [each.seq for each in read_trail(session).heads if each]
    _rewrite(session, quote)
    found = audit(tmp_path, [session])
    first = next(each for each in found.all_findings if each.is_break)
    assert first.what in {What.REWRITTEN, What.DAMAGED}
    if first.what is What.REWRITTEN:
        assert first.seq <= quote < next(seq for seq in signed if seq > quote)


def test_lines_taken_from_the_trail_are_missed_by_the_next_session_and_by_the_second_place(copy, made):
    path = copy / NAMES[1] / TRAIL_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert _breaks(_audit(copy, made, anchored=False)) == [(What.TRAIL_CUT, NAMES[1])]
    path.unlink()
    assert (What.TRAIL_CUT, NAMES[1]) in _breaks(_audit(copy, made))
    path.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    assert (What.FORGED, NAMES[1]) in _breaks(_audit(copy, made, anchored=False))


def test_who_signs_anew_with_another_key_is_found_by_naming_the_right_one(made, tmp_path):
    root, anchors, _ = signed_root(tmp_path)
    assert audit(root, None, [anchors]).ok  # consistent in itself
    found = _audit(root, made, anchored=False)
    assert {what for what, _ in _breaks(found)} == {What.OTHER_KEY}


def test_records_added_behind_the_end_of_a_closed_session_are_found(tmp_path):
    key, anchors = key_in(tmp_path), tmp_path / "anchors.jsonl"
    session = signed_session(tmp_path, NAMES[0], key, anchors, sealed=False)
    before = audit(tmp_path, [session])
    assert before.ok
    assert [each.what for each in before.all_findings] == [What.TAIL]
    assert close_crashed(session, key, 5) == ""
    assert close_crashed(session, key, 6) == ""
    after = audit(tmp_path, [session])
    assert after.ok
    assert after.all_findings == []
    last = read_trail(session).last
    assert last is not None
    assert last.state is HeadState.CLOSED
    assert last.time_ns == 5
    path = segments(session)[-1]
    data = b"".join(each.read_bytes() for each in segments(session))
    slots = [data[at : at + SLOT_BYTES] for at in range(0, len(data), SLOT_BYTES)]
    body = bytearray(next(slot for slot in slots if slot[4] == Kind.QUOTE))
    CRC.pack_into(body, 0, zlib.crc32(body[4:], last.seq))
    with path.open("ab") as file:
        file.write(body)
    assert _breaks(audit(tmp_path, [session])) == [(What.ADDED, session.name)]


def test_a_crashed_session_is_not_signed_for_where_it_is_not_what_it_signed(tmp_path):
    key, anchors = key_in(tmp_path), tmp_path / "anchors.jsonl"
    session = signed_session(tmp_path, NAMES[0], key, anchors, sealed=False)
    for path in segments(session)[1:]:
        path.unlink()
    assert "is not what it signed" in close_crashed(session, key, 5)


def test_a_trail_goes_on_behind_a_torn_line(tmp_path):
    key, anchors = key_in(tmp_path), tmp_path / "anchors.jsonl"
    session = signed_session(tmp_path, NAMES[0], key, anchors)
    with (session / TRAIL_NAME).open("ab") as file:
        file.write(b'{"v":1,"n":5')
    assert read_trail(session).torn
    assert audit(tmp_path, [session]).ok
    writer = TrailWriter(session, key, session.name)
    line = writer.sign(HeadState.RUNNING, 1, 2, bytes(32))
    writer.close()
    writer.close()
    assert read_trail(session).lines[-1] == line


def test_a_torn_line_in_the_second_place_is_told_and_an_edited_one_is_a_break(copy, made, tmp_path):
    lines = made[1].read_bytes().splitlines()
    place = tmp_path / "anchors"
    place.write_bytes(b"\n".join([lines[0][:50], *lines[1:]]) + b"\n")
    found = audit(copy, None, [place])
    assert found.ok
    assert [each.what for each in found.findings] == [What.ANCHOR_TORN]
    head = read_head(lines[0])
    assert head is not None
    assert is_genuine(head)
    place.write_bytes(msgspec.json.encode(msgspec.structs.replace(head, seq=head.seq + 1)) + b"\n")
    assert _breaks(audit(copy, None, [place])) == [(What.FORGED, NAMES[0])]


def test_names_of_before_lead_from_session_to_session(made):
    firsts = [read_trail(made[0] / name).heads[0] for name in NAMES]
    assert [each.before and each.before.session for each in firsts if each] == [None, *NAMES[:-1]]
    assert name_before(made[0]) is None


def test_keys_that_others_can_read_or_that_are_none_are_refused(tmp_path):
    path = tmp_path / "key.pem"
    public = make_keys(path)
    assert load_public_key(path) == load_public_key(tmp_path / "key.pem.pub") == public
    assert load_signing_key(path).public == public
    with pytest.raises(KeyRefused, match="is there already"):
        make_keys(path)
    with pytest.raises(KeyRefused, match="cannot sign"):
        load_signing_key(tmp_path / "key.pem.pub")
    path.chmod(0o640)
    with pytest.raises(KeyRefused, match=r"mode 0640\).*chmod 600"):
        load_signing_key(path)
    path.write_text("nonsense")
    with pytest.raises(KeyRefused, match="no key that can be read"):
        load_signing_key(path)
    with pytest.raises(KeyRefused, match="audit key FILE"):
        load_signing_key(tmp_path / "absent")
    assert path.with_name("key.pem.pub").stat().st_mode & 0o077


def test_links_are_followed_from_the_middle(made):
    session = made[0] / NAMES[0]
    links: dict[int, bytes] = {}
    report = verify(session, links=links)
    assert len(links) == report.links
    with open_session(session) as reader:
        chain = HashChain()
        assert sum(follow_segment(each, reader.array(each.number), chain) for each in reader.segments) == report.links
    assert chain.value.hex() == report.chain


def test_lines_out_of_a_system_log_count_as_anchors(copy, made, tmp_path):
    place = tmp_path / "log"
    lines = made[1].read_bytes().splitlines()
    place.write_bytes(b"".join(b"Aug 08 09:56:40 host tickerd-audit: " + line + b"\r\n" for line in lines))
    found = audit(copy, None, [place])
    assert found.ok
    assert found.anchors == 15
    assert found.findings == ()


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_the_files_is_answered(made, data):
    root = made[0]
    path = data.draw(
        st.sampled_from([each for name in NAMES for each in sorted((root / name).glob("*.*"))] + [made[1]])
    )
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    put(path, whole[:at] + data.draw(st.binary(max_size=200)) + whole[data.draw(st.integers(at, len(whole))) :])
    try:
        found = _audit(root, made)
        assert found.ok or any(each.is_break for each in found.all_findings)
        if path.suffix == ".tkj" and path.read_bytes() != whole:
            assert not found.ok
    finally:
        put(path, whole)


def test_every_session_that_crashed_is_found_whoever_ran_meanwhile(tmp_path):
    key, anchors = key_in(tmp_path), tmp_path / "anchors.jsonl"
    for name, sealed in zip(NAMES, (False, True, False), strict=True):
        signed_session(tmp_path, name, key, anchors, sealed=sealed)
    assert unclosed(tmp_path, tmp_path / "next") == [tmp_path / NAMES[0], tmp_path / NAMES[2]]
    assert last_signed(tmp_path, tmp_path / NAMES[2]) == tmp_path / NAMES[1]
    assert close_crashed(tmp_path / NAMES[0], key, 5) == ""
    assert unclosed(tmp_path, tmp_path / NAMES[2]) == []


def test_a_link_is_put_where_there_is_something_to_link(tmp_path):
    journal = JournalWriter.create(tmp_path / NAMES[0], head(session_id=NAMES[0]))
    assert journal.linked == (-1, bytes(32))
    first = journal.link()
    assert journal.link() == first == journal.linked
    write(journal, mixed(5))
    second = journal.link()
    assert second[0] > first[0]
    seal(journal)
    assert journal.sealed
    assert journal.linked[0] == open_session(tmp_path / NAMES[0]).end_seq - 1
    with pytest.raises(JournalSealed):
        journal.link()
    assert verify(tmp_path / NAMES[0]).ok


def test_a_key_behind_a_password_or_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "key.pem"
    for private, how in (
        (Ed25519PrivateKey.generate(), BestAvailableEncryption(b"secret")),
        (ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
    ):
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        path.chmod(0o600)
        with pytest.raises(KeyRefused, match="audit key FILE"):
            load_signing_key(path)
