"""The engine: `step(event) -> effects`, the digest of its whole state, and one builder for every driver.

For: live, paper, replay and backtest alike; they build it with `engine.build` and differ only in who feeds it.
May import: strategies, risk, oms, core.
Refuses: asyncio, clocks, files, sockets, logging. Whatever it can know came in as an event.
"""

from engine.build import EngineSettings, build_engine
from engine.engine import Engine
from engine.errors import EngineError
from engine.spec import StrategySpec

__all__ = ["Engine", "EngineError", "EngineSettings", "StrategySpec", "build_engine"]
