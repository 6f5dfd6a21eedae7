import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.effects import Alert, Severity
from core.events import CommandReceived, LifecycleState
from daemon.audit.alerts import OpenAlerts, acknowledging, keep, keep_last, save
from daemon.errors import UsageError
from daemon.projection import Projection
from daemon.screen.needs import needs_of
from tests.daemon.auditing import SOURCE
from tests.daemon.auditing import command as give
from tests.daemon.sessions import Recorder
from tests.daemon.status_samples import status


def _error(code: str, message: str = "it broke") -> Alert:
    return Alert(severity=Severity.ERROR, code=code, message=message)


def _ack(alerts: str, reason: str = "") -> CommandReceived:
    return CommandReceived(name="ack", args={"alerts": alerts}, source=SOURCE, user="ann", reason=reason)


def test_errors_stay_open_by_cause_and_other_alerts_do_not():
    alerts = OpenAlerts()
    alerts.take(1, _error("DISK"), "")
    alerts.take(2, Alert(severity=Severity.WARNING, code="SLOW", message=""), "")
    alerts.take(3, _error("DISK", "again"), "")
    alerts.take(4, _error("FROZEN"), "BTCUSDT.BINANCE")
    told = [(each.id, each.code, each.count, each.first_ns, each.last_ns, each.message) for each in alerts.rows()]
    assert told == [(1, "DISK", 2, 1, 3, "again"), (2, "FROZEN", 1, 4, 4, "it broke")]
    [need] = needs_of(status(open_alerts=alerts.rows()))
    assert need.what == "NOT ACKNOWLEDGED: DISK, FROZEN BTCUSDT.BINANCE"


def test_an_acknowledgement_is_described_journaled_and_closes_what_it_names():
    alerts = OpenAlerts()
    for code in ("A", "B", "C"):
        alerts.take(1, _error(code), "")
    given: list[CommandReceived] = []

    def command(each: CommandReceived) -> list[str]:
        given.append(each)
        return ["said"]

    state = LifecycleState.READY
    let_in = acknowledging(alerts, command, lambda: state, lambda: 5)
    assert let_in(_ack("1,3")) == ["said"]
    assert given[0].args == {"alerts": "1,3", "what": "A x1, C x1"}
    assert [each.code for each in alerts.rows()] == ["B"]
    with pytest.raises(UsageError, match=r"9 is no open alert; open are 2, or all"):
        let_in(_ack("9"))
    state = LifecycleState.STARTING
    with pytest.raises(UsageError, match="starting"):
        let_in(_ack("all"))
    state = LifecycleState.READY
    let_in(_ack("all"))
    assert alerts.rows() == []
    with pytest.raises(UsageError, match="no alert is open"):
        let_in(_ack("all"))
    assert let_in(CommandReceived(name="halt")) == ["said"]


async def test_the_list_outlives_its_session_and_what_the_file_missed_is_read_from_the_journal(tmp_path):
    root = tmp_path / "sessions"
    recorder = Recorder(root)
    projection = Projection(recorder.engine, recorder.stats, "s", "paper", [])
    recorder.pipeline._watch = projection.watch
    path = root / "open-alerts-paper.json"
    alerts = projection.open_alerts = OpenAlerts(path, recorder.folder.name)
    recorder.open()
    recorder.trade(5)
    give(recorder, "halt", "all", reason="news")
    keeping = asyncio.create_task(keep(alerts))
    for _ in range(3_000):
        if path.exists():
            break
        await asyncio.sleep(0.01)
    keeping.cancel()
    recorder.trade(5)
    give(recorder, "arm", "all", reason="calm")
    give(recorder, "ack", alerts="1", what="HALTED x1")
    recorder.trade(5)
    give(recorder, "kill", "symbol:BTCUSDT.BINANCE", reason="mad")  # not in the file any more: killed
    recorder.crash()
    after = OpenAlerts(path, "the next session")
    after.load()
    [killed] = after.rows()
    assert (killed.code, killed.count, killed.session) == ("KILLED", 1, recorder.folder.name)
    assert killed.id == 2
    await keep_last(after)
    assert not after.dirty
    again = OpenAlerts(path, "the one after")
    again.load()
    assert again.rows() == after.rows()
    path.write_text("nonsense")
    fresh = OpenAlerts(path, "x")
    fresh.load()
    assert fresh.rows() == []


def test_a_session_with_acknowledgements_replays(tmp_path):
    from daemon.replay import replay_session

    recorder = Recorder(tmp_path / "sessions")
    recorder.open()
    recorder.trade(10)
    give(recorder, "ack", alerts="1", what="DISK x1", reason="it is back")
    recorder.trade(10)
    folder = recorder.seal()
    assert replay_session(folder).ok


def test_a_save_that_the_sessions_end_finds_under_way_is_waited_for(tmp_path, monkeypatch):
    sync = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(0.1)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    path = tmp_path / "open-alerts.json"
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(save, path, b"a longer list than the last")
        time.sleep(0.03)
        threads.submit(save, path, b"the last").result()
        first.result()
    assert path.read_bytes() == b"the last"
