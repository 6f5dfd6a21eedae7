"""A command that comes while a live daemon starts is carried out once the account's state is known, and then holds."""

import asyncio

from core.events import CommandReceived, LifecycleState
from core.scopes import ALL
from daemon.replay import replay_session
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
