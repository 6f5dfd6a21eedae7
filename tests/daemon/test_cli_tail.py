"""`tickerd tail`: what a running daemon does, read from its journal while it grows."""

import asyncio
from typing import Any

import pytest

from core.events import CommandReceived
from core.records import NO_INSTRUMENT, Kind
from daemon.commands.tail import Live, kinds_of, words_of
from daemon.operator.door import Door
from daemon.operator.operated import Operated
from journal.head import SealState
from tests.daemon.sessions import Recorder
from tests.daemon.status_samples import status

WAIT_S = 10.0
ALL = kinds_of("fills,orders,refusals,alerts,strategies")


@pytest.fixture
def recorder(tmp_path) -> Recorder:
    made = Recorder(tmp_path / "sessions")
    made.open()
    made.trade(20)
    return made


def say(recorder: Recorder, name: str, **fields: Any) -> None:
    command = CommandReceived(name=name, source="test", **fields)
    recorder.pipeline.feed([(Kind.COMMAND, 0, NO_INSTRUMENT, recorder.now_ns, 0, command, 0, 0, 0, 0)])


def test_what_comes_is_told_once_and_in_order(recorder):
    live = Live(recorder.folder, ALL, 0)
    before = list(live.read())
    assert list(live.read()) == []
    recorder.trade(20)
    after = list(live.read())
    seqs = [record.seq for record in (*before, *after)]
    assert after
    assert seqs == sorted(set(seqs))
    recorder.seal(SealState.ENDED)
    list(live.read())
    assert live.ended
    live.close()


def test_whoever_comes_later_sees_the_same_records_wherever_the_look_begins(recorder):
    recorder.trade(60)
    whole = list(Live(recorder.folder, ALL, 0).read())
    middle = whole[len(whole) // 2].seq
    for start in range(middle - 3, middle + 4):  # inside of records, too
        assert list(Live(recorder.folder, ALL, start).read()) == [each for each in whole if each.seq >= start]


def test_each_kind_has_words(recorder):
    say(recorder, "halt", scope="all", reason="news")
    recorder.trade(20)
    told = {record.kind: words_of(record) for record in Live(recorder.folder, ALL, 0).read()}
    assert told["refusal"].startswith(("quoter-eth HALTED: ", "ema-btc HALTED: "))
    assert told["alert"] == "error HALTED: all: is halted by test: news"
    assert " at " in told["fill"]
    assert " at " in told["order"]


def test_tail_shows_the_last_lines_and_follows_until_the_session_ends(recorder, tickerd, tmp_path):
    shown = status(session=str(recorder.folder), journal_bytes=recorder.journal.next_seq * 64)

    async def visit():
        door = Door(tmp_path / "run" / "s.sock", Operated(lambda _command: [], {"status": lambda _request: shown}))
        await door.open()
        there = ("tail", "--kinds", "fills", "--socket", str(door.path))
        try:
            async with asyncio.timeout(WAIT_S):
                last = await asyncio.to_thread(lambda: tickerd(*there, "--last", "2"))
                following = asyncio.create_task(asyncio.to_thread(lambda: tickerd(*there, "--follow", "--json")))
                for _ in range(10):
                    recorder.trade(4)
                    await asyncio.sleep(0.03)  # let it look in between; it sees the same if it does not
                recorder.seal(SealState.ENDED)
                return last, await following
        finally:
            await door.close()

    last, followed = asyncio.run(visit())
    assert (last.code, followed.code) == (0, 0), last.err + followed.err
    assert [line.split()[1] for line in last.out.splitlines()] == ["fill", "fill"]
    assert {each["kind"] for each in followed.lines()} == {"fill"}
    newest = list(Live(recorder.folder, kinds_of("fills"), 0).read())
    assert [each["seq"] for each in followed.lines()][-10:] == [record.seq for record in newest][-10:]


def test_a_kind_that_is_none_is_told(tickerd):
    answer = tickerd("tail", "--kinds", "fils")
    assert answer.code == 2
    assert "known are fills" in answer.err
