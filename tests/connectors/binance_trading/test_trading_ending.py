"""What is handed to a connector while it ends."""

import asyncio
import gc
import time

from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.transport import BinanceTrading
from core.evidence import EvidenceWanted, Subject
from core.rng import Rng


async def test_a_question_that_comes_while_it_ends_is_let_go_and_raises_nothing():
    heard: list[object] = []
    settings = TradingSettings(rest_url="http://127.0.0.1:1", ws_api_url="ws://127.0.0.1:1")
    trading = BinanceTrading(settings, Credentials("k", hmac_secret="s"), time.time_ns, Rng(1), heard.extend)
    async with asyncio.TaskGroup() as over:
        pass
    trading._group = over  # its `run` is on its way out
    trading.ask(EvidenceWanted(number=1, venue="BINANCE", subject=Subject.BALANCES), time.time_ns())
    gc.collect()  # a coroutine that nobody awaited would warn, which is an error here
    assert heard == []
