"""A command that comes while a live daemon starts is carried out once the account's state is known, and then holds."""

import asyncio

import pytest

from core.codec import decode_payload
from core.events import CommandReceived, LifecycleState
from core.records import Kind
from core.scopes import ALL
from daemon.errors import ExitCode, StartFailed
from daemon.live.early import FILE_NAME, EarlyCommands
from daemon.replay import replay_session
from journal.reader import open_session
from tests.daemon.live.trader import Trader, exchange, settings_of, trading


async def test_a_kill_while_the_daemon_starts_closes_what_the_session_before_left(tmp_path):
    async with exchange() as where:
        config = settings_of(where, tmp_path)
        async with trading(config) as one:
            lot = one.engine.markets[0].instrument.quantity("0.01")
            await one.ask(lambda me, market, _quote: me.buy(market, lot))
            await one.until(lambda: one.engine.manager.position(0).quantity)
        again = Trader(config)
        kill = CommandReceived(name="kill", scope=ALL, reason="mad", source="test", args={"flatten": "yes"})
        assert again.daemon.command(kill)[0].startswith("EARLY"), "the books are still empty"
        assert again.account is not None
        life = asyncio.create_task(again.daemon.run(None))
        try:
            await again.until(lambda: again.engine.lifecycle is LifecycleState.READY)
            await again.until(lambda: "FLAT" in again.alerts())
            assert again.engine.manager.position(0).quantity == 0
            assert [latch.scope for latch in again.daemon.status().latches] == [ALL]
        finally:
            again.daemon.stop("the test is over", "test")
            await life
            again.account.lease.release()
    assert replay_session(again.folder).ok


def kill(scope=ALL, name="kill"):
    return CommandReceived(name=name, scope=scope, reason="mad", source="socket:uid=1000")


async def test_a_kill_outlives_a_start_that_fails_and_the_next_start_holds_it(tmp_path, monkeypatch):
    async with exchange() as where:
        config = settings_of(where, tmp_path)
        failing = Trader(config)
        assert failing.account is not None

        async def gone(*_args):
            raise StartFailed("the venue cannot be reached")

        monkeypatch.setattr(failing.daemon.feeds, "define", gone)
        (told,) = failing.daemon.command(kill())
        assert told.endswith("as soon as the account's state is known; if this start fails, by the next one")
        assert await failing.daemon.run(None) is ExitCode.VENUE_UNREACHABLE
        failing.account.lease.release()
        async with trading(config) as one:
            (latch,) = one.daemon.status().latches
            assert (latch.scope, latch.source) == (ALL, "socket:uid=1000")
            assert one.account is not None
            assert not (one.account.lease.folder / FILE_NAME).exists(), "it is in the journal now"
    with open_session(one.folder) as reader:
        commands = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.COMMAND,))]
    assert commands == [kill()]
    assert replay_session(one.folder).ok


def test_commands_that_stop_trading_are_on_the_disk_before_they_are_answered(tmp_path):
    first = EarlyCommands(tmp_path)
    told = [first.add(kill(name=name)) for name in ("stop-entry", "cancel", "halt", "arm")]
    assert [text.rpartition("; ")[2] for text in told] == [
        "if this start fails, by the next one", "forgotten if the start fails",
        "if this start fails, by the next one", "if this start fails, by the next one",
    ]  # fmt: skip
    second = EarlyCommands(tmp_path)
    second.add(kill(name="flatten"))
    assert [each.name for each in second.take()] == ["stop-entry", "halt", "arm", "flatten"], "in their order"
    assert [each.name for each in EarlyCommands(tmp_path).take()] == ["stop-entry", "halt", "arm", "flatten"]
    second.done()
    assert EarlyCommands(tmp_path).take() == []
    second.done()


def test_a_crash_while_one_is_written_down_leaves_those_before_it(tmp_path):
    EarlyCommands(tmp_path).add(kill())
    (tmp_path / f".{FILE_NAME}").write_bytes(b'[{"name": "ha')
    again = EarlyCommands(tmp_path)
    again.add(kill(name="halt"))
    assert [each.name for each in EarlyCommands(tmp_path).take()] == ["kill", "halt"]


def test_a_damaged_file_of_commands_is_not_passed_over(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a command\n")
    with pytest.raises(StartFailed, match=r"does not read.*commands that stop trading.*give them again"):
        EarlyCommands(tmp_path)


def test_an_operator_is_told_where_a_command_could_not_be_written_down(tmp_path):
    early = EarlyCommands(tmp_path)
    (tmp_path / FILE_NAME).mkdir()
    assert "give it again if the start fails" in early.add(kill())
    assert early.take() == [kill()]


def test_on_paper_they_wait_in_memory():
    early = EarlyCommands(None)
    assert early.add(kill()).endswith("account's state is known")
    assert early.take() == [kill()]
    early.done()
