"""A recorded day with an operator in it: commands of every sort that change something."""

from pathlib import Path

from core.events import CommandReceived
from core.records import NO_INSTRUMENT, Kind
from tests.daemon.sessions import Recorder

DAY = "2024-11-21"
SOURCE = "socket:uid=1000,pid=4711"


def command(recorder: Recorder, name: str, scope: str = "", strategy: str = "", reason: str = "", **args: str) -> None:
    given = CommandReceived(
        name=name, scope=scope, strategy_id=strategy, reason=reason, args=args, source=SOURCE, user="ann"
    )
    recorder.pipeline.feed([(Kind.COMMAND, 0, NO_INSTRUMENT, recorder.now_ns, 0, given, 0, 0, 0, 0)])


def record_operated_day(root: Path) -> Path:
    recorder = Recorder(root)
    recorder.open()
    recorder.trade(60)
    command(recorder, "halt", "symbol:BTCUSDT.BINANCE", reason="news")
    recorder.trade(20)
    command(recorder, "arm", "symbol:BTCUSDT.BINANCE", reason="the news were old")
    command(recorder, "arm", "venue:NOWHERE", reason="a slip")
    command(recorder, "retune", strategy="quoter-eth", reason="too wide", half_spread_bps="3.5")
    command(recorder, "resume", strategy="quoter-eth")
    command(recorder, "set", "all", reason="thin", max_order_notional="4000")
    command(recorder, "set", "all", reason="calm again", max_order_notional="9000")
    command(recorder, "book-transfer", reason="paid in", currency="USDT", amount="250.5")
    recorder.trade(40)
    command(recorder, "login-refused", reason="neither the daemon's own user nor root")
    command(recorder, "kill", "all", reason="it buys the top")
    recorder.trade(40)
    return recorder.seal()
