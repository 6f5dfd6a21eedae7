"""The venue's dead-man timer in a real daemon: whether it is armed is an alert, and in the journal."""

from connectors.embedded.market import Market
from core.codec import decode_payload
from core.effects import Alert
from core.events import DeadManChanged
from core.records import Kind
from journal.reader import open_session
from tests.daemon.live.trader import exchange, settings_of, trading

COUNTDOWN = "POST /fapi/v1/countdownCancelAll"


async def test_a_timer_that_cannot_be_armed_is_told_once_for_each_symbol_and_cleared_when_it_is_armed_again(tmp_path):
    async with exchange(Market.USDM) as where:
        fault = {"hook": "reply", "place": "request", "what": COUNTDOWN, "count": 0, "status": 400}
        await where.hook(**fault, symbol="BTCUSDT", body='{"code":-1000,"msg":"An unknown error occurred"}')
        config = settings_of(where, tmp_path, trading="dead_man_s = 1.0", symbols=("BTCUSDT", "ETHUSDT"))
        async with trading(config) as one:
            connectors = one.daemon.trading
            assert connectors is not None
            await one.until(lambda: "DEAD_MAN_NOT_ARMED" in one.alerts())
            counted = await where.hook(hook="delay", place="request", what=COUNTDOWN, seconds=0.001, count=0)
            await one.until_async(lambda: where.fired_at_least(counted, 4))
            told = [each for each in one.effects if isinstance(each, Alert) and "DEAD_MAN" in each.code]
            assert [(each.code, each.instrument) for each in told] == [("DEAD_MAN_NOT_ARMED", 0)]
            assert "dead-man timer of BTCUSDT is not armed" in connectors.stats()["BINANCE"].last_error
            await where.clear()
            await one.until(lambda: "DEAD_MAN_ARMED" in one.alerts())
            assert connectors.stats()["BINANCE"].last_error == ""
    with open_session(one.folder) as reader:
        kept = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.DEAD_MAN,))]
    assert [each.armed for each in kept if isinstance(each, DeadManChanged)] == [False, True]
