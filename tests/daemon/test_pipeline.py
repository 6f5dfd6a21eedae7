"""Promise 2: an input is in the journal before the engine sees it, a command leaves only after its record."""

import itertools
import os

import pytest

from config.load import parse
from core.codec import KIND_OF
from core.events import ClockMeasured, CommandReceived, OrderReport, ReportType
from core.orders import ApprovedSubmit
from core.records import FIRST_EFFECT, NO_INSTRUMENT, Event, Kind
from daemon.replay import replay_session
from journal.reader import open_session
from tests.daemon.sessions import Recorder


def events_on_disk(folder) -> list[tuple[int, Event]]:
    """What another process reads of the session now: only what the kernel has."""
    with open_session(folder) as reader:
        return list(reader.events())


@pytest.fixture
def recorder(tmp_path) -> Recorder:
    made = Recorder(tmp_path)
    made.open()
    return made


def test_when_a_command_leaves_its_record_and_its_cause_are_in_the_kernel(recorder):
    seen = []

    class Watching:
        due_ns = recorder.paper.due_ns
        before = recorder.paper.before
        on_event = recorder.paper.on_event

        def send(self, command, now_ns):
            recorded = events_on_disk(recorder.folder)
            orders = [event[5] for _, event in recorded if event[0] == KIND_OF[type(command)]]
            seen.append((command, orders, recorded))

    recorder.pipeline._execution = Watching()
    recorder.trade(60)
    assert seen
    for command, orders, events in seen:
        assert command in orders
        kinds = [event[0] for _, event in events]
        assert any(kind < FIRST_EFFECT for kind in kinds[: kinds.index(KIND_OF[type(command)])])


def test_effects_follow_their_cause_and_precede_the_next_input(recorder):
    recorder.trade(60)
    recorder.journal.flush()
    recorded = [event for _, event in events_on_disk(recorder.folder)]
    for before, after in itertools.pairwise(recorded):
        if after[0] == Kind.SUBMIT:
            assert before[0] < FIRST_EFFECT or before[3] == after[3]


@pytest.mark.parametrize(("durable", "syncs"), [(True, True), (False, False)])
def test_commands_wait_for_the_disk_where_the_policy_says_so(tmp_path, monkeypatch, durable, syncs):
    from tests.daemon import sessions

    text = sessions.SETTINGS.replace("seed = 3", f'seed = 3\nflush = "{"disk" if durable else "os"}"')
    monkeypatch.setattr(sessions, "SETTINGS", text)
    monkeypatch.setattr(sessions, "config", lambda _text: parse(text))
    recorder = sessions.Recorder(tmp_path)
    recorder.pipeline._durable = durable
    recorder.open()
    order = []
    sync = os.fdatasync

    def watched(fd):
        order.append("sync")
        return sync(fd)

    from journal import files

    monkeypatch.setattr(files, "_sync_data", watched)
    send = recorder.paper.send

    def sent(command, now_ns):
        order.append("send" if isinstance(command, ApprovedSubmit) else "cancel")
        send(command, now_ns)

    monkeypatch.setattr(recorder.paper, "send", sent)
    recorder.trade(60)
    assert "send" in order
    if syncs:
        assert order[order.index("send") - 1] == "sync"
    else:
        assert "sync" not in order


def test_time_never_goes_back_even_where_two_sockets_disagree(recorder):
    late = recorder.now_ns + 10_000
    recorder.pipeline.feed([(Kind.TIME, 0, NO_INSTRUMENT, late, 0, 0, 0, 0, 0, 0)])
    recorder.pipeline.feed([(Kind.QUOTE, 0, 0, late - 5_000, 0, 5_999_999, 1, 6_000_001, 1, 9)])
    recorder.journal.flush()
    times = [event[3] for _, event in events_on_disk(recorder.folder)]
    assert times == sorted(times)
    assert times[-1] == late


@pytest.mark.parametrize("durable", [True, False])
def test_how_long_each_decision_took_is_recorded_once_its_command_has_left(recorder, durable):
    from journal.timing import timings_of

    recorder.pipeline._durable = durable
    recorder.trade(60)
    refused = CommandReceived(
        name="set", scope="all", args={"max_order_notional": "10"}, source="t", reason="none pass"
    )
    recorder.pipeline.feed([(Kind.COMMAND, 0, NO_INSTRUMENT, recorder.now_ns, 0, refused, 0, 0, 0, 0)])
    ticks = itertools.count(recorder.now_ns + 1_000, 7)
    recorder.pipeline._now_ns = lambda: next(ticks)
    recorder.trade(60)
    with open_session(recorder.seal()) as reader:
        timings, recorded = timings_of(reader), dict(reader.events())
    commands = {seq for seq, event in recorded.items() if event[0] in {Kind.SUBMIT, Kind.CANCEL}}
    refusals = {seq for seq, event in recorded.items() if event[0] == Kind.REFUSAL}
    assert len(commands) > 10
    assert refusals
    assert timings.keys() == commands | refusals
    for seq, timing in timings.items():
        assert timing.caused_ns == recorded[seq][3]
        assert bool(timing.handed_ns) is (seq in commands)
    measured = [timing for timing in timings.values() if timing.decided_ns != timing.caused_ns]
    assert measured
    assert all(timing.handed_ns > timing.decided_ns for timing in measured if timing.handed_ns)
    assert replay_session(recorder.folder).ok


def test_a_digest_is_recorded_every_so_many_inputs(recorder):
    recorder.trade(300)
    folder = recorder.seal()
    from journal.chunks import DigestRecord

    with open_session(folder) as reader:
        counts = [chunk.inputs for chunk in reader.chunks() if isinstance(chunk, DigestRecord)]
    assert counts[:-1] == [500 * (number + 1) for number in range(len(counts) - 1)]
    assert len(counts) > 2


def test_a_timer_that_fell_due_has_an_input_of_its_own_before_the_next_report(recorder):
    """What it does to orders then stands in the journal before the report: a state-only replay goes by that order."""
    engine, now_ns = recorder.pipeline.engine, recorder.pipeline._last_ns + 1_000
    engine.timers.set(engine.desk.actors[0].id, "due", now_ns - 1)
    engine.next_due_ns = engine.timers.next_ns
    measured = ClockMeasured(venue="BINANCE", offset_ns=0, uncertainty_ns=1)
    recorder.pipeline.feed([(Kind.CLOCK, 0, NO_INSTRUMENT, now_ns, 0, measured, 0, 0, 0, 0)])
    recorder.journal.flush()
    kinds = [event[0] for _, event in events_on_disk(recorder.folder) if event[3] == now_ns and event[0] < FIRST_EFFECT]
    assert kinds == [Kind.TIME, Kind.CLOCK]


@pytest.mark.parametrize("durable", [True, False])
def test_what_a_connector_refuses_while_it_is_handed_a_command_comes_after_the_chunk_and_no_command_leaves_twice(
    recorder, durable
):
    """A connector may answer inside `send`: the clock is off, too much waits, trading ends."""
    pipeline, sent = recorder.pipeline, []
    pipeline._durable = durable

    class Refusing:
        due_ns = recorder.paper.due_ns
        before = recorder.paper.before
        on_event = recorder.paper.on_event

        def send(self, command, now_ns):
            assert isinstance(command, ApprovedSubmit)
            sent.append(command.intent.client_order_id)
            report = OrderReport(
                type=ReportType.REJECTED, client_order_id=command.intent.client_order_id, reason="the clock is off"
            )
            pipeline.feed([(Kind.REPORT, 0, command.intent.instrument, now_ns, 0, report, 0, 0, 0, 0)])

    pipeline._execution = Refusing()
    recorder.trade(120)
    assert len(sent) > 3
    assert len(set(sent)) == len(sent) == pipeline.stats.commands
    result = replay_session(recorder.seal())
    assert result.ok, result
    assert recorder.engine.manager.open_count == 0
