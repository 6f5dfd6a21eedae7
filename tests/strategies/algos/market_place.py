"""A venue of one market for execution algorithms: what it does with each order is for the test to say."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from core.effects import Effect, OrderUpdated, ParentProgress
from core.events import FeedState, InstrumentDefined, LifecycleState, ReportType
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent
from core.records import Kind
from engine import StrategySpec
from risk.limits import RiskLimits
from strategies import Strategy
from strategies.algos import ParentStrategy
from tests.engine.scenario import BTC, LOT, SECOND, Stage, only

WIDE = RiskLimits(
    max_order_notional=10**9,
    max_position_notional=10**9,
    max_orders_per_second=10_000,
    max_orders_per_minute=10_000,
    max_open_orders=1_000,
    max_open_orders_total=1_000,
    max_data_age_ms=10**9,
)
LOTS = "0.01"  # one lot of the scenario, decimal text


class Place(Stage):
    """An engine with one strategy, quotes at 99.99 and 100.01, and the orders as a venue has them."""

    carried = False
    epoch = 1

    def __init__(self, strategy: type[Strategy], **params: Any) -> None:
        spec = StrategySpec(
            id="s", strategy=strategy, params=strategy.Params(**params), instruments=("BTCUSDT.BINANCE",)
        )
        super().__init__(spec, limits=WIDE, epoch=self.epoch, carried=self.carried)
        self.progress: list[ParentProgress] = []
        self.submitted: list[tuple[int, OrderIntent]] = []
        self.updates: list[OrderUpdated] = []
        self.inbox: deque[ApprovedSubmit | ApprovedCancel] = deque()
        self.leaves: dict[str, int] = {}
        self.intents: dict[str, OrderIntent] = {}
        self.executed = 0
        self.worth = 0
        self.executions = 0
        self.begin()

    def begin(self) -> None:
        """Define, connect, become READY."""
        self.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
        self.feed(FeedState.CONNECTED)
        self.lifecycle(LifecycleState.READY)

    def step(self, event: Any) -> Sequence[Effect]:
        effects = super().step(event)
        self.progress += only(effects, ParentProgress)
        self.updates += only(effects, OrderUpdated)
        for effect in effects:
            if isinstance(effect, ApprovedSubmit):
                self.submitted.append((event[3], effect.intent))
            if isinstance(effect, ApprovedSubmit | ApprovedCancel):
                self.inbox.append(effect)
        return effects

    @property
    def algo(self) -> Any:
        return self.engine.desk.actors[0].strategy

    def obey(self, *, fill: bool = False) -> None:
        """Take every command; `fill`: what is taken is executed at once, at its price."""
        while self.inbox:
            command = self.inbox.popleft()
            if isinstance(command, ApprovedCancel):
                found = self.leaves.pop(command.client_order_id, 0)
                word = ReportType.CANCELLED if found else ReportType.CANCEL_REJECTED
                self.report(word, command.client_order_id)
                continue
            intent = command.intent
            self.leaves[intent.client_order_id] = intent.quantity
            self.intents[intent.client_order_id] = intent
            self.report(ReportType.ACCEPTED, intent.client_order_id)
            if fill:
                self.execute(intent.client_order_id, intent.quantity)

    def refuse(self, word: ReportType) -> None:
        """Answer the first command by a refusal, or not at all but by doubt."""
        command = self.inbox.popleft()
        if isinstance(command, ApprovedCancel):
            word = ReportType.CANCEL_REJECTED if word is ReportType.REJECTED else word
            self.report(word, command.client_order_id)
        else:
            self.report(word, command.intent.client_order_id)

    def execute(self, name: str, quantity: int, price: int = 0) -> None:
        """Execute some of an order, and print it."""
        got = min(quantity, self.leaves.get(name, 0))
        if got <= 0:
            return
        self.leaves[name] -= got
        if not self.leaves[name]:
            del self.leaves[name]
        at = price or self.intents[name].price or 100_01
        self.executed += got
        self.worth += got * at
        self.executions += 1
        self.fill(name, got, at, f"x{self.executions}")

    def run(self, seconds: int, *, fill: bool = False, bid: int = 99_99, ask: int = 100_01) -> None:
        """Let time pass, a quote each second, obeying."""
        for _ in range(seconds):
            self.quote(bid, ask, after_ns=SECOND)
            self.obey(fill=fill)

    def states(self) -> list[str]:
        return [progress.state for progress in self.progress]


__all__ = ["BTC", "LOT", "LOTS", "SECOND", "WIDE", "ParentStrategy", "Place"]
