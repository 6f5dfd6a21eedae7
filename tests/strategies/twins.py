"""A Python strategy and its kernel on one stage: the same market, the same answers of the venue, and what each did."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.effects import Effect
from core.events import ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent, Refusal
from engine import StrategySpec
from risk.limits import RiskLimits
from tests.engine.scenario import Stage

MILLISECOND = 1_000_000
WIDE = RiskLimits(max_order_notional=10**6, max_position_notional=10**7, max_orders_per_minute=10**6)
TIGHT = RiskLimits(max_order_notional=10**6, max_position_notional=10**7, max_orders_per_minute=20)


def opened(strategy, *, limits: RiskLimits | None = None, **params) -> Stage:
    spec = StrategySpec(id="s", strategy=strategy, params=strategy.Params(**params), instruments=("BTCUSDT.BINANCE",))
    stage = Stage(spec, limits=limits)
    stage.open()
    return stage


def strategy_of(stage: Stage) -> Any:
    return stage.engine.desk.actors[0].strategy


def position_of(stage: Stage) -> int:
    return stage.engine.desk.manager.strategy_position("s", 0).quantity


@dataclass
class Venue:
    """Answers by a script: each order is taken, rejected, filled whole or in parts; some cancels are refused."""

    stage: Stage
    random: random.Random
    takers_fill: bool
    open: dict[str, OrderIntent] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    cancels: list[str] = field(default_factory=list)
    executions: int = 0
    story: list[tuple[object, ...]] = field(default_factory=list)
    most_open: int = 0
    furthest: int = 0

    def see(self, effects: Sequence[Effect]) -> None:
        """Write down what was decided, and take what was sent."""
        for effect in effects:
            if isinstance(effect, Refusal):
                self.story.append(("refused", effect.code, msgspec.to_builtins(effect.intent)))
            elif isinstance(effect, ApprovedSubmit):
                self.story.append(("submit", self.stage.now_ns, msgspec.to_builtins(effect.intent)))
                self.open[effect.intent.client_order_id] = effect.intent
            elif isinstance(effect, ApprovedCancel):
                self.story.append(("cancel", self.stage.now_ns, effect.client_order_id))
                self.cancels.append(effect.client_order_id)
        self.furthest = max(self.furthest, abs(position_of(self.stage)))
        for side in (1, -1):
            count = sum(order.side == side for order in self.open.values())
            self.most_open = max(self.most_open, count)

    def answer(self) -> None:
        """Answer some of what is open."""
        for name in [name for name in self.cancels if self.random.random() < 0.6]:
            self.cancels.remove(name)
            if name in self.open:
                refuse = self.random.random() < 0.2
                if not refuse:
                    self.end(name)
                self.tell(ReportType.CANCEL_REJECTED if refuse else ReportType.CANCELLED, name)
        for name, intent in list(self.open.items()):
            draw = self.random.random()
            taker = not intent.price and self.takers_fill
            if draw < 0.05 and name not in self.filled:
                self.end(name)
                self.tell(ReportType.REJECTED, name)
            elif draw < 0.3 and not taker:
                self.tell(ReportType.ACCEPTED, name)
            elif draw < 0.4 or taker:
                self.fill(name, intent, draw)

    def fill(self, name: str, intent: OrderIntent, draw: float) -> None:
        """Execute an order, whole or half of what is left."""
        left = intent.quantity - self.filled.get(name, 0)
        quantity = left if draw < 0.37 or left < 2 else left // 2
        self.filled[name] = self.filled.get(name, 0) + quantity
        if quantity == left:
            self.end(name)
        self.executions += 1
        self.see(self.stage.fill(name, quantity, intent.price or 100_00, f"e{self.executions}"))

    def end(self, name: str) -> None:
        del self.open[name]

    def tell(self, kind: ReportType, name: str) -> None:
        self.see(self.stage.report(kind, name))


def trade(
    strategy,
    seed: int,
    *,
    quotes: int = 250,
    step: int = 6,
    after_ms: int = 100,
    takers_fill: bool = False,
    limits: RiskLimits = WIDE,
    **params,
) -> Venue:
    """Trade a random walk whose venue answers at random, both by the seed."""
    stage = opened(strategy, limits=limits, **params)
    chance = random.Random(seed)
    venue = Venue(stage, random.Random(seed + 1), takers_fill)
    price = 100_00
    for _ in range(quotes):
        price += chance.randint(-step, step)
        venue.see(stage.time(chance.randint(1, after_ms) * MILLISECOND))
        venue.see(stage.quote(price - chance.randint(1, 3), price + chance.randint(1, 3)))
        venue.answer()
    assert stage.engine.desk.actors[0].active, "the strategy was paused"
    return venue
