"""F62: a process that was stopped, a host that slept, a clock that was set."""

import asyncio
import time

import pytest

from connectors.awake import OVERSLEPT_NS, Awake
from connectors.binance.transport import BinanceConnector
from core.events import FeedChanged, LinkChanged, LinkState
from core.records import Kind
from core.rng import Rng
from tests.connectors.binance.support import states, trade
from tests.connectors.binance.venue import Recorder, Venue, listen, play
from tests.connectors.binance_trading.live import World

SECOND_NS = 10**9


class Clocks:
    """Ours, and the machine's."""

    def __init__(self) -> None:
        self.ours_ns = self.wall_ns = 0

    def run(self, ns: int) -> None:
        self.ours_ns += ns
        self.wall_ns += ns

    def awake(self) -> Awake:
        return Awake(lambda: self.ours_ns, lambda: self.wall_ns)


def test_a_process_that_runs_has_no_doubt_however_long():
    clocks = Clocks()
    awake = clocks.awake()
    for _ in range(100):
        clocks.run(SECOND_NS)
        assert awake.doubt() == ""


@pytest.mark.parametrize(("beside", "old"), [(0, False), (1, True)])
def test_what_waited_longer_than_five_seconds_is_old_and_what_comes_after_is_not(beside, old):
    clocks = Clocks()
    awake = clocks.awake()
    clocks.run(OVERSLEPT_NS + beside)
    assert bool(awake.overslept(clocks.ours_ns)) is old
    assert bool(awake.doubt()) is old
    assert awake.overslept(clocks.ours_ns) == awake.doubt() == ""


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("beside", "jumped"), [(0, False), (1, True)])
def test_a_clock_that_was_set_or_went_on_while_ours_stood_still_is_a_jump(sign, beside, jumped):
    clocks = Clocks()
    awake = clocks.awake()
    clocks.run(SECOND_NS)
    clocks.wall_ns += sign * (OVERSLEPT_NS + beside)
    assert ("jumped" in awake.doubt()) is jumped
    assert awake.doubt() == ""


def test_what_a_feed_had_not_read_while_the_process_was_stopped_is_never_told_as_of_now():
    stopped_ns, sent = [0], asyncio.Event()

    async def old_news(socket) -> None:
        await socket.send_str(trade(1).decode())
        await sent.wait()
        await socket.send_str(trade(2).decode())
        await listen(socket)

    async def fresh(socket) -> None:
        await socket.send_str(trade(3).decode())
        await listen(socket)

    async def scenario() -> None:
        venue, recorder = Venue(), Recorder()
        venue.scripts = [old_news, fresh]
        async with venue.serve():
            clock_ns = lambda: time.time_ns() + stopped_ns[0]  # noqa: E731
            connector = BinanceConnector(venue.settings(), clock_ns, Rng(1), recorder)
            rules = await connector.load_instruments()
            connector.assign({each.symbol: index for index, each in enumerate(rules)})
            task = asyncio.create_task(connector.run())
            try:
                await recorder.count(Kind.TRADE, 1)
                stopped_ns[0] = 60 * SECOND_NS
                sent.set()
                await recorder.count(Kind.TRADE, 2)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        assert [event[7] for event in recorder.events if event[0] == Kind.TRADE] == [1, 3]
        assert states(recorder.events, "")[:3] == ["connected", "disconnected", "connected"]
        (why,) = [each.reason for each in feeds(recorder) if each.state == "disconnected"]
        assert "did not run for 60" in why

    play("uvloop", scenario())


def feeds(recorder: Recorder) -> list[FeedChanged]:
    return [event[5] for event in recorder.events if isinstance(event[5], FeedChanged)]


async def test_trading_begins_anew_so_that_the_books_are_compared(monkeypatch):
    async with World.spot() as live:
        await live.up()
        setup = live.trading._orders_line._awake
        monkeypatch.setattr(setup, "_drift_ns", setup._drift_ns - 3_600 * SECOND_NS, raising=True)
        await live.up(times=2)
        down = [event[5] for event in live.events if isinstance(event[5], LinkChanged)]
        assert [each.state for each in down[:3]] == [LinkState.UP, LinkState.DOWN, LinkState.UP]
        assert "clock was set" in down[1].reason
