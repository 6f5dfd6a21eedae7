"""A recorded session as a history: its market, byte for byte, without its orders."""

from core.codec import KIND_OF
from core.effects import Alert, Severity
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.records import NO_INSTRUMENT, Kind
from journal.head import SealState
from journal.writer import JournalWriter
from research.history.sessions import SessionSource
from research.history.sources import import_history
from tests.journal.making import head
from tests.research.history.making import SECOND, instrument, quotes, read


def write_session(folder, *, sealed=True):
    """A session as the daemon writes one: inputs of every sort, effects and digests between them."""
    journal = JournalWriter.create(folder, head(), segment_bytes=1 << 16)
    journal.append_struct(Kind.LIFECYCLE, 0, NO_INSTRUMENT, 1, LifecycleChanged(LifecycleState.STARTING))
    journal.append_struct(Kind.INSTRUMENT, 0, 0, 2, InstrumentDefined(instrument()))
    connected = FeedChanged(venue="FXCM", state=FeedState.CONNECTED)
    journal.append_struct(Kind.FEED, 0, NO_INSTRUMENT, 3, connected)
    for number, event in enumerate(quotes(3_000), 1):
        journal.append_event(event)
        if number % 100 == 0:
            alert = Alert(severity=Severity.INFO, code="X", message="y" * number)
            journal.append_struct(KIND_OF[Alert], 0, NO_INSTRUMENT, event[3], alert)
            journal.append_event((Kind.TIME, 0, NO_INSTRUMENT, event[3], 0, 0, 0, 0, 0, 0))
            journal.append_digest(event[3], number, bytes(32))
    if sealed:
        journal.seal(SealState.ENDED, "end", digest=bytes(32), inputs=1, effects=0, ended_ns=2 * SECOND)
    journal.close()


def test_a_session_keeps_its_market_and_leaves_out_the_rest(tmp_path):
    write_session(tmp_path / "s")
    report = import_history(SessionSource(folder=str(tmp_path / "s")), tmp_path / "h")
    told = read(tmp_path / "h")
    assert [event[0] for event in told[:2]] == [Kind.INSTRUMENT, Kind.FEED]
    assert told[2:] == quotes(3_000)
    assert report.left_out == {"LIFECYCLE": 1, "effects": 30, "TIME": 30}
    assert report.instruments == ("GBPUSD.FXCM",)


def test_a_crashed_session_gives_what_it_wrote(tmp_path):
    write_session(tmp_path / "s", sealed=False)
    import_history(SessionSource(folder=str(tmp_path / "s")), tmp_path / "h")
    assert len(read(tmp_path / "h", Kind.QUOTE)) == 3_000


def test_a_history_of_a_history_holds_the_same(tmp_path):
    write_session(tmp_path / "s")
    import_history(SessionSource(folder=str(tmp_path / "s")), tmp_path / "one")
    import_history(SessionSource(folder=str(tmp_path / "one")), tmp_path / "two")
    assert read(tmp_path / "one") == read(tmp_path / "two")
