"""A small stage for engine tests: one instrument, a connected feed, and words for what happens."""

from collections.abc import Sequence
from typing import Any, TypeVar

from core.effects import Effect
from core.events import (
    CommandReceived,
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    OrderReport,
    ReportType,
)
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT
from core.records import NO_INSTRUMENT, SELL_AGGRESSOR, Event, Kind
from engine import EngineSettings, StrategySpec, build_engine
from risk.limits import RiskLimits
from strategies import Strategy

BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=8,
    tick=1,
    lot=1000,
)
LOT = 1_000_000  # 0.01 BTC
SECOND = 1_000_000_000


class Stage:
    """An engine, the time, and one verb for each kind of input; every verb returns the effects."""

    def __init__(
        self,
        *strategies: type[Strategy] | StrategySpec,
        limits: RiskLimits | None = None,
        seed: int = 1,
        native_orders: bool = False,
        epoch: int = 1,
        carried: bool = False,
    ):
        specs = tuple(
            given
            if isinstance(given, StrategySpec)
            else StrategySpec(
                id=given.__name__, strategy=given, params=given.Params(), instruments=("BTCUSDT.BINANCE",)
            )
            for given in strategies
        )
        self.settings = EngineSettings(
            epoch=epoch,
            seed=seed,
            limits=limits or RiskLimits(max_order_notional=1_000_000, max_position_notional=10_000_000),
            strategies=specs,
            balances={"USDT": 100_000 * MONEY_UNIT},
            native_orders=native_orders,
            carried=carried,
        )
        self.engine = build_engine(self.settings)
        self.now_ns = SECOND
        self.fed: list[Event] = []
        self.update_id = 0

    def step(self, event: Event) -> Sequence[Effect]:
        self.fed.append(event)
        return self.engine.step(event)

    def payload(self, kind: Kind, struct: object, index: int = NO_INSTRUMENT) -> Sequence[Effect]:
        return self.step((kind, 0, index, self.now_ns, 0, struct, 0, 0, 0, 0))

    def open(self) -> Sequence[Effect]:
        """Define, connect, quote once, and become READY."""
        self.payload(Kind.INSTRUMENT, InstrumentDefined(BTC), 0)
        self.feed(FeedState.CONNECTED)
        self.quote(99_99, 100_01)
        return self.lifecycle(LifecycleState.READY)

    def lifecycle(self, state: LifecycleState) -> Sequence[Effect]:
        return self.payload(Kind.LIFECYCLE, LifecycleChanged(state))

    def feed(self, state: FeedState, channel: str = "") -> Sequence[Effect]:
        return self.payload(Kind.FEED, FeedChanged(venue="BINANCE", state=state, channel=channel), 0)

    def command(self, name: str, strategy_id: str = "") -> Sequence[Effect]:
        return self.payload(Kind.COMMAND, CommandReceived(name=name, strategy_id=strategy_id, source="test"))

    def quote(self, bid: int, ask: int, *, after_ns: int = 1000) -> Sequence[Effect]:
        self.now_ns += after_ns
        self.update_id += 1
        return self.step((Kind.QUOTE, 0, 0, self.now_ns, 0, bid, 10 * LOT, ask, 10 * LOT, self.update_id))

    def trade(self, price: int, quantity: int = LOT, *, after_ns: int = 1000, flags: int = SELL_AGGRESSOR):
        self.now_ns += after_ns
        return self.step((Kind.TRADE, flags, 0, self.now_ns, 0, price, quantity, self.now_ns, 0, 0))

    def book(self, flags: int, price: int, quantity: int, last_id: int, prev_id: int) -> Sequence[Effect]:
        self.now_ns += 1000
        return self.step((Kind.BOOK, flags, 0, self.now_ns, 0, price, quantity, last_id, last_id, prev_id))

    def time(self, after_ns: int) -> Sequence[Effect]:
        self.now_ns += after_ns
        return self.step((Kind.TIME, 0, NO_INSTRUMENT, self.now_ns, 0, 0, 0, 0, 0, 0))

    def report(self, type_: ReportType, client_order_id: str, **fields: Any) -> Sequence[Effect]:
        self.now_ns += 1000
        return self.payload(Kind.REPORT, OrderReport(type=type_, client_order_id=client_order_id, **fields), 0)

    def fill(self, client_order_id: str, quantity: int, price: int, exec_id: str = "e1") -> Sequence[Effect]:
        return self.report(
            ReportType.FILLED,
            client_order_id,
            quantity=quantity,
            price=price,
            exec_id=exec_id,
            fee="0",
            fee_currency="USDT",
        )


def kinds(effects: Sequence[Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


E = TypeVar("E")


def only(effects: Sequence[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]
