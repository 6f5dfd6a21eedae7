import http.server
import socket
import sys
import threading
import time

import pytest

from config.audit_settings import AuditSettings
from core.effects import Alert, Severity
from daemon.audit import anchors as anchors_module
from daemon.audit.anchors import Anchor, CommandAnchor, FileAnchor, HttpAnchor, SyslogAnchor, place_of
from daemon.audit.keeper import AuditKeeper, shown, signing_key
from daemon.metrics_audit import audit_metrics
from journal.audit.folder import audit
from journal.audit.heads import HeadState
from journal.audit.keys import load_signing_key, make_keys
from journal.audit.trail import read_trail
from journal.writer import JournalWriter
from tests.acceptance.processes import until
from tests.docs.markdown import document
from tests.journal.making import head, mixed, seal, write

LINE = b'{"v":1}'


def test_a_file_gets_a_line_each_and_a_torn_line_stays_alone(tmp_path):
    path = tmp_path / "anchors.jsonl"
    path.write_bytes(b"torn")
    place = FileAnchor(path)
    place.put(LINE)
    place.put(LINE)
    assert path.read_bytes() == b"torn\n" + LINE + b"\n" + LINE + b"\n"
    with pytest.raises(OSError, match="No such file"):
        FileAnchor(tmp_path / "unmounted" / "anchors.jsonl").put(LINE)


def test_syslog_gets_one_datagram(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.bind(str(tmp_path / "log"))
        place = place_of(f"syslog:{tmp_path / 'log'}")
        place.put(LINE)
        assert local.recv(4096) == b"<37>tickerd-audit: " + LINE
        with pytest.raises(OSError, match="more than syslog takes"):
            place.put(b"x" * 3000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as remote:
        remote.bind(("127.0.0.1", 0))
        place_of(f"syslog://127.0.0.1:{remote.getsockname()[1]}").put(LINE)
        assert remote.recv(4096).endswith(LINE)


@pytest.mark.parametrize("text", ["syslog://log:99999", "syslog://log:0", "ftp://a/b", "https://", "http://[::1"])
def test_an_address_that_leads_nowhere_is_no_setting(text):
    with pytest.raises(ValueError, match="anchors: expected https://HOST/PATH"):
        AuditSettings(anchors=(text,))


def test_a_host_that_can_be_no_name_fails_like_one_that_is_not_there():
    told: list[str] = []
    anchor = Anchor(place_of(f"syslog://{'a' * 64}.example"), told.append)
    anchor.offer(LINE, 1)
    until(lambda: bool(told), "that it fails", 5)
    assert not anchor.close(1.0)


def test_an_address_gets_a_post_and_its_refusal_is_an_error():
    taken: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204 if len(taken) == 1 else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = place_of(f"http://127.0.0.1:{server.server_port}/anchors")
        assert isinstance(place, HttpAnchor)
        place.put(LINE)
        with pytest.raises(OSError, match="503"):
            place.put(LINE)
        server.shutdown()
        thread.join()
    assert taken == [LINE, LINE]
    with pytest.raises(OSError, match=r"."):
        place.put(LINE)


def test_a_command_gets_it_on_its_standard_input_and_must_end_well(tmp_path):
    keep = f"import sys; open({str(tmp_path / 'kept')!r}, 'ab').write(sys.stdin.buffer.read())"
    CommandAnchor((sys.executable, "-c", keep)).put(LINE)
    assert (tmp_path / "kept").read_bytes() == LINE + b"\n"
    with pytest.raises(OSError, match="ended with 3: no room"):
        CommandAnchor((sys.executable, "-c", "import sys; sys.stderr.write('no room'); sys.exit(3)")).put(LINE)
    with pytest.raises(OSError, match="No such file"):
        CommandAnchor((str(tmp_path / "absent"),)).put(LINE)


def test_what_each_entry_names():
    assert isinstance(place_of("/mnt/other/anchors.jsonl"), FileAnchor)
    assert isinstance(place_of("syslog:/dev/log"), SyslogAnchor)
    assert isinstance(place_of("syslog://log.example:1514"), SyslogAnchor)
    assert isinstance(place_of("https://keep.example/anchors"), HttpAnchor)


def test_a_place_that_fails_is_told_once_tried_again_and_told_to_work(tmp_path, monkeypatch):
    monkeypatch.setattr(anchors_module, "RETRY_S", 0.01)
    told: list[str] = []
    anchor = Anchor(FileAnchor(tmp_path / "disk" / "anchors.jsonl"), told.append)
    anchor.offer(LINE, 7)
    anchor.offer(b"second", 8)
    deadline = time.monotonic() + 60
    while not told and time.monotonic() < deadline:
        time.sleep(0.005)
    (tmp_path / "disk").mkdir()
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert anchor.close(10)
    assert told == ["No such file or directory", ""]
    assert anchor.put_ns == 8
    assert (tmp_path / "disk" / "anchors.jsonl").read_bytes() == LINE + b"\nsecond\n"
    assert anchor.pending == 0
    assert anchor.put_total == 2


def _keeper(folder, anchors=(), **settings):
    root = folder / "sessions"
    name = f"20240808T0956{len(list(root.glob('*'))):02}Z-paper-0a1b2c"
    journal = JournalWriter.create(root / name, head(session_id=name), segment_bytes=5000)
    table = AuditSettings(key_file=str(folder / "key.pem"), anchors=tuple(map(str, anchors)), **settings)
    key = signing_key(table)
    assert key is not None
    return AuditKeeper(table, key, journal, time.time_ns), journal


async def test_a_session_is_signed_at_its_start_each_interval_and_behind_its_seal(tmp_path):
    import asyncio

    make_keys(tmp_path / "key.pem")
    place = tmp_path / "anchors.jsonl"
    keeper, journal = _keeper(tmp_path, [place], every_s=0.01)
    alerts: list[Alert] = []
    task = asyncio.create_task(keeper.run(alerts.append))
    for part in range(4):
        write(journal, mixed(20, part))
        await asyncio.sleep(0.03)
    task.cancel()
    seal(journal)
    assert keeper.end() == []
    assert alerts == []
    states = [each.state for each in read_trail(journal.folder).heads if each]
    assert states[0] is HeadState.STARTED
    assert states[-1] is HeadState.ENDED
    assert HeadState.RUNNING in states
    found = audit(tmp_path / "sessions", None, [place], frozenset([load_signing_key(tmp_path / "key.pem").public]))
    assert found.ok
    assert found.sessions[0].anchors == found.sessions[0].signatures == len(states)
    assert found.sessions[0].unsigned_slots == 0


async def test_the_age_of_the_newest_signature_is_told_here_and_in_each_second_place(tmp_path):
    make_keys(tmp_path / "key.pem")
    there, gone = tmp_path / "anchors.jsonl", tmp_path / "unmounted" / "anchors.jsonl"
    keeper, journal = _keeper(tmp_path, [there, gone], every_s=60)
    deadline = time.monotonic() + 60
    while keeper.anchors[0].pending and time.monotonic() < deadline:
        time.sleep(0.005)
    now_ns = keeper.signed_ns + 5 * 10**9
    seen = keeper.seen(now_ns)
    assert (seen.signed_age_ns, seen.every_ns) == (5 * 10**9, 60 * 10**9)
    assert [(each.place, each.age_ns, each.pending) for each in seen.places] == [
        (str(there), 5 * 10**9, 0),
        (str(gone), -1, 1),
    ]
    assert keeper.seen(keeper.signed_ns - 1).signed_age_ns == 0
    told = {sample.name: sample for family in audit_metrics(seen) for sample in family.samples}
    assert {name: round(sample.value, 6) for name, sample in told.items()} == {
        "tickerd_audit_signed_age_seconds": 5.0,
        "tickerd_audit_interval_seconds": 60.0,
        "tickerd_audit_anchored_age_seconds": 5.0,
        "tickerd_audit_anchors_pending": 1.0,
    }
    assert told["tickerd_audit_anchored_age_seconds"].labels == {"place": str(there)}
    page = document("docs/audit.md").text
    assert all(f"`{name}`" in page for name in told)
    seal(journal)
    keeper.end()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("https://desk:secret@keep.example:8443/anchors?token=abc", "https://keep.example:8443/anchors"),
        ("syslog://log.example:1514", "syslog://log.example:1514"),
        ("syslog:/dev/log", "syslog:/dev/log"),
        ("/mnt/other/anchors.jsonl", "/mnt/other/anchors.jsonl"),
    ],
)
def test_what_an_address_may_hide_is_not_told(place, told):
    assert shown(place) == told


async def test_the_next_session_signs_for_one_that_crashed(tmp_path):
    make_keys(tmp_path / "key.pem")
    first, journal = _keeper(tmp_path)
    write(journal, mixed(50))
    journal.close()  # as a kill -9 leaves it: no seal
    second, next_journal = _keeper(tmp_path)
    seal(next_journal)
    assert second.end() == []
    first._jobs.put(None)
    assert audit(tmp_path / "sessions").ok
    assert [each.state for each in read_trail(journal.folder).heads if each][1] is HeadState.CLOSED


async def test_a_second_place_that_is_gone_is_an_alert_and_named_at_the_end(tmp_path):
    import asyncio

    make_keys(tmp_path / "key.pem")
    keeper, journal = _keeper(tmp_path, [tmp_path / "unmounted" / "anchors.jsonl"], every_s=0.01)
    alerts: list[Alert] = []
    task = asyncio.create_task(keeper.run(alerts.append))
    for _ in range(3_000):
        if alerts:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    assert [(each.severity, each.code) for each in alerts] == [(Severity.ERROR, "AUDIT")]
    assert "unmounted" in alerts[0].message
    assert "tried again" in alerts[0].message
    seal(journal)
    assert any("unmounted" in problem for problem in keeper.end())
    assert audit(tmp_path / "sessions").ok


def test_without_a_key_nothing_is_signed():
    assert signing_key(AuditSettings()) is None


async def test_a_trail_that_cannot_be_written_is_an_alert_and_the_next_signature_covers_it(tmp_path, monkeypatch):
    import asyncio

    make_keys(tmp_path / "key.pem")
    keeper, journal = _keeper(tmp_path, every_s=0.01)
    alerts: list[Alert] = []

    def full(_descriptor: int, _line: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def until(count: int) -> None:
        for _ in range(3_000):
            if len(alerts) >= count:
                return
            await asyncio.sleep(0.01)

    monkeypatch.setattr("journal.audit.trail.append_line", full)
    task = asyncio.create_task(keeper.run(alerts.append))
    write(journal, mixed(20))
    await until(1)
    monkeypatch.undo()
    for _ in range(3_000):
        if alerts[-1].severity is Severity.INFO:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    assert "No space left" in alerts[0].message
    assert alerts[-1].message == "signing the hash chain works again"
    seal(journal)
    keeper.end()
    found = audit(tmp_path / "sessions")
    assert found.ok
    assert found.sessions[0].unsigned_slots == 0
