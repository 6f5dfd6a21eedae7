"""A floor for tests of breakers: one strategy that does as it is told, a market in whole units, words for steps."""

from typing import Any

from core.controls import BreakerChanged
from core.events import (
    CommandReceived,
)
from core.orders import ApprovedSubmit, Side
from core.records import Kind
from risk.breaker_settings import (
    BreakerSettings,
)
from risk.breakers.board import Board
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import LOT, SECOND, Stage, only

UNIT = 100 * LOT  # one whole BTC, so a price unit is a cent of profit


class Idle(Strategy):
    """Asks for nothing by itself: the test says what it buys."""

    def on_start(self):
        self.subscribe_quotes(self.markets[0])


def limits(**rows: Any) -> RiskLimits:
    generous: dict[str, Any] = {
        "max_order_notional": 10_000_000,
        "max_position_notional": 100_000_000,
        "max_price_deviation": "0.9",
    }
    return RiskLimits(**generous, max_orders_per_second=1000, breakers=BreakerSettings(**rows))


class Floor(Stage):
    """A stage whose one strategy is told from outside what to do."""

    def __init__(self, **rows: Any):
        super().__init__(Idle, limits=limits(**rows))
        self.number = 0

    @property
    def idle(self) -> Strategy:
        return self.engine.desk.actors[0].strategy

    def send(self, side: Side, quantity: int = UNIT, price: int = 100_00):
        """Send one order; return (its id, the effects)."""
        self.now_ns += 1000
        self.idle.buy(self.idle.markets[0], quantity, price) if side is Side.BUY else self.idle.sell(
            self.idle.markets[0], quantity, price
        )
        effects = self.quote(*self.touch)
        sent = only(effects, ApprovedSubmit)
        return sent[0].intent.client_order_id if sent else "", effects

    @property
    def touch(self) -> tuple[int, int]:
        market = self.engine.markets[0]
        return market.bid_price, market.ask_price

    def trade(self, side: Side, price: int, quantity: int = UNIT):  # type: ignore[override]
        """Send an order and have it filled."""
        name, effects = self.send(side, quantity, price)
        self.number += 1
        return [*effects, *self.fill(name, quantity, price, f"x{self.number}")]

    def tick(self, bid: int = 0, ask: int = 0, seconds: int = 1):
        """Let seconds pass, with a quote at the beginning of each."""
        effects = []
        for _ in range(seconds):
            bid, ask = (bid, ask) if bid else self.touch
            effects += [*self.quote(bid, ask), *self.time(SECOND)]
        return effects

    def arm(self, scope: str = "all", reason: str = "seen to"):
        command = CommandReceived(name="arm", scope=scope, source="test", reason=reason)
        return self.payload(Kind.COMMAND, command)

    def latch(self, scope: str = "all") -> int:
        latch = self.engine.gate.freezes.latches.held.get(scope)
        return 0 if latch is None else latch.level


def stage(**rows: Any) -> Floor:
    made = Floor(**rows)
    made.open()
    return made


def board(made: Stage) -> Board:
    assert made.engine.breaking is not None
    return made.engine.breaking.board


def steps_told(effects):
    return [(each.breaker, each.step) for each in only(effects, BreakerChanged) if each.step]


def mid(price: int) -> tuple[int, int]:
    return price - 1, price + 1
