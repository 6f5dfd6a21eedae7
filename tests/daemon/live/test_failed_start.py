"""A start that fails leaves the account as it was: the next one goes on from the same session."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from config.compose import engine_settings, session_head
from config.load import parse
from config.secrets import Secret
from core.events import StateCarried
from core.instruments import Instrument
from daemon.app import Daemon
from daemon.clock import SessionClock
from daemon.errors import ExitCode, StartFailed
from daemon.feeds import definition
from daemon.live.account import Account
from daemon.live.carry import last_with_state
from daemon.live.early import EarlyCommands
from daemon.live.fitting import Fitting
from daemon.live.latch import GuardLatch
from daemon.live.lease import Lease
from engine.build import build_engine
from journal.folders import create_session_folder
from journal.writer import JournalWriter
from oms.state import durable_state, state_hash
from tests.bench.market import BTC
from tests.daemon.live.heads import SETTINGS
from tests.oms.making import Desk


def _state(instrument: Instrument = BTC) -> StateCarried:
    """The state of an account that has an order in the instrument."""
    desk = Desk()
    desk.manager.define(0, instrument)
    desk.submit("o1")
    state = durable_state(desk.manager)
    return StateCarried(session="first", seq=1, state=state, digest=state_hash(state))


def _start(
    monkeypatch: pytest.MonkeyPatch, folder: Path, carried: StateCarried, rules: Instrument = BTC
) -> tuple[ExitCode, Lease, str]:
    """Start a daemon that goes on from `carried`, at a venue that defines `rules` and then tells nothing."""
    settings = parse(SETTINGS + f'[live]\nroot = "{folder}"\naccount = "demo"\n').settings
    settings = msgspec.structs.replace(settings, session=msgspec.structs.replace(settings.session, sync_budget_s=0.01))
    lease = Lease(folder / "demo")

    async def main() -> tuple[ExitCode, str]:
        clock = SessionClock()
        now_ns = clock.now_ns()
        session = create_session_folder(folder / "sessions", now_ns, "live")
        lease.hold(session, now_ns, folder / "first")
        engine = build_engine(engine_settings(settings, {}, now_ns))
        journal = JournalWriter.create(session, session_head(settings, {}, now_ns, session.name, ()))
        account = Account(lease, carried, folder / "first", EarlyCommands(lease.folder), GuardLatch.open(lease.folder))
        daemon = Daemon(settings, engine, journal, clock, [], account, Secret)

        async def define(_now_ns, fit):
            return [definition(0, fit(rules), now_ns)]

        async def check():
            return None

        monkeypatch.setattr(daemon.feeds, "define", define)
        daemon.feeds.connectors.clear()
        assert daemon.trading is not None
        monkeypatch.setattr(daemon.trading, "check", check)
        return await daemon.run(None), daemon.end_reason

    code, reason = asyncio.run(main())
    return code, lease, reason


def _next_goes_on_from(lease: Lease) -> Path | None:
    record = lease._read()
    assert record is not None
    return last_with_state(record)


def test_a_state_that_the_engine_cannot_take_leaves_the_account_to_the_session_before(tmp_path, monkeypatch):
    broken = msgspec.structs.replace(_state(), digest=b"\0" * 32)
    code, lease, _ = _start(monkeypatch, tmp_path, broken)
    assert code is not ExitCode.OK
    assert _next_goes_on_from(lease) == tmp_path / "first"


def test_an_instrument_that_became_another_is_refused_before_anything_is_fed(tmp_path, monkeypatch):
    code, lease, reason = _start(monkeypatch, tmp_path, _state(), msgspec.structs.replace(BTC, quote="USDC"))
    assert code is ExitCode.VENUE_UNREACHABLE
    assert "BTCUSDT.BINANCE" in reason
    assert "with quote USDT, and the venue says USDC now" in reason
    assert _next_goes_on_from(lease) == tmp_path / "first"


def test_a_state_that_was_taken_over_is_gone_on_from_though_the_market_never_came(tmp_path, monkeypatch):
    code, lease, reason = _start(monkeypatch, tmp_path, _state())
    assert code is ExitCode.VENUE_UNREACHABLE
    assert "not in sync" in reason
    last = _next_goes_on_from(lease)
    assert last is not None
    assert last.parent == tmp_path / "sessions"


def test_orders_at_a_venue_that_takes_none_any_more_are_not_left_alone():
    carried = _state(msgspec.structs.replace(BTC, venue="ELSEWHERE"))
    fitting = Fitting(parse(SETTINGS).settings, carried)
    with pytest.raises(StartFailed, match=r"orders of ours may still work in BTCUSDT.ELSEWHERE.*put it back"):
        fitting.left_out([BTC])
