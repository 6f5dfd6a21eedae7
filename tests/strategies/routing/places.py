"""Several venues of one asset for the router: what each shows, and does with an order, is for the test to say."""

from collections.abc import Sequence
from typing import Any

import msgspec

from core.effects import Effect, ParentProgress, RouteDecided
from core.events import (
    FeedChanged,
    FeedState,
    InstrumentDefined,
    LifecycleChanged,
    LifecycleState,
    OrderReport,
    ReportType,
)
from core.instruments import Instrument
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent
from core.records import ASK, FIRST, LAST, NO_INSTRUMENT, SNAPSHOT, Event, Kind
from engine import EngineSettings, StrategySpec, build_engine
from strategies.routing import SmartRouter
from tests.engine.scenario import BTC, LOT, SECOND, only
from tests.strategies.algos.market_place import WIDE

MILLISECOND = 1_000_000


def at(venue: str, **changes: Any) -> Instrument:
    """BTCUSDT at a venue."""
    return msgspec.structs.replace(BTC, venue=venue, **changes)


TWO = (at("NEAR"), at("FAR"))


class Places:
    """An engine with one router; everything that it puts out is kept."""

    epoch = 1
    carried = False

    def __init__(
        self, *instruments: Instrument, limits: Any = WIDE, strategy: Any = SmartRouter, **params: Any
    ) -> None:
        self.instruments = instruments or TWO
        names = tuple(each.id for each in self.instruments)
        spec = StrategySpec(id="r", strategy=strategy, params=strategy.Params(**params), instruments=names)
        self.settings = EngineSettings(
            epoch=self.epoch, seed=1, limits=limits, strategies=(spec,), carried=self.carried
        )
        self.engine = build_engine(self.settings)
        self.now_ns = SECOND
        self.count = 0
        self.fed: list[Event] = []
        self.out: list[Effect] = []
        self.inbox: list[ApprovedSubmit | ApprovedCancel] = []
        self.intents: dict[str, OrderIntent] = {}
        self.leaves: dict[str, int] = {}
        self.executed = [0] * len(self.instruments)
        self.begin()

    def begin(self) -> None:
        """Define, connect, become READY."""
        for index, instrument in enumerate(self.instruments):
            self.payload(Kind.INSTRUMENT, InstrumentDefined(instrument), index)
            self.feed(index, FeedState.CONNECTED)
        self.payload(Kind.LIFECYCLE, LifecycleChanged(LifecycleState.READY))

    def step(self, event: Event) -> Sequence[Effect]:
        self.fed.append(event)
        effects = self.engine.step(event)
        self.out += effects
        for effect in effects:
            if isinstance(effect, ApprovedSubmit):
                self.intents[effect.intent.client_order_id] = effect.intent
            if isinstance(effect, ApprovedSubmit | ApprovedCancel):
                self.inbox.append(effect)
        return effects

    def payload(self, kind: Kind, struct: object, index: int = NO_INSTRUMENT) -> Sequence[Effect]:
        return self.step((kind, 0, index, self.now_ns, 0, struct, 0, 0, 0, 0))

    def feed(self, index: int, state: FeedState, channel: str = "") -> None:
        change = FeedChanged(venue=self.instruments[index].venue, state=state, channel=channel)
        self.payload(Kind.FEED, change, index)

    def quote(self, index: int, bid: int, ask: int, lots: int = 10, *, after_ns: int = 1_000, bids: int = 0) -> None:
        self.now_ns += after_ns
        self.count += 1
        size = 10 ** self.instruments[index].size_precision // 100
        self.step((Kind.QUOTE, 0, index, self.now_ns, 0, bid, (bids or lots) * size, ask, lots * size, self.count))

    def book(self, index: int, asks: list[tuple[int, int]]) -> None:
        """Show a whole book by (price, lots) of its asks, and one bid."""
        self.now_ns += 1_000
        self.count += 1
        levels = [(0, 99_97, 1), *((ASK, price, lots) for price, lots in asks)]
        for place, (side, price, lots) in enumerate(levels):
            flags = SNAPSHOT | side | (FIRST if not place else 0) | (LAST if place == len(levels) - 1 else 0)
            self.step((Kind.BOOK, flags, index, self.now_ns, 0, price, lots * LOT, 0, self.count, 0))

    def time(self, after_ns: int) -> None:
        self.now_ns += after_ns
        self.step((Kind.TIME, 0, NO_INSTRUMENT, self.now_ns, 0, 0, 0, 0, 0, 0))

    def report(self, word: ReportType, name: str, *, after_ns: int = 1_000, **fields: Any) -> None:
        self.now_ns += after_ns
        index = self.intents[name].instrument
        self.payload(Kind.REPORT, OrderReport(type=word, client_order_id=name, **fields), index)

    # -- the venues ------------------------------------------------------------------------------------------------

    def next(self, index: int | None = None) -> ApprovedSubmit | ApprovedCancel:
        """The first command that no venue has answered, of one venue or any."""
        for place, command in enumerate(self.inbox):
            there = command.intent.instrument if isinstance(command, ApprovedSubmit) else command.instrument
            if index in {None, there}:
                return self.inbox.pop(place)
        raise AssertionError(f"nothing was sent to {index}")

    def accept(self, index: int | None = None, *, after_ns: int = 1_000) -> str:
        intent = self.next(index).intent  # type: ignore[union-attr]
        self.leaves[intent.client_order_id] = intent.quantity
        self.report(ReportType.ACCEPTED, intent.client_order_id, after_ns=after_ns)
        return str(intent.client_order_id)

    def fill(self, name: str, quantity: int = 0, price: int = 0) -> None:
        """Execute some of an order, or all that is left."""
        got = min(quantity or self.leaves[name], self.leaves[name])
        self.leaves[name] -= got
        if not self.leaves[name]:
            del self.leaves[name]
        intent = self.intents[name]
        self.executed[intent.instrument] += got
        self.count += 1
        self.report(
            ReportType.FILLED, name, quantity=got, price=price or intent.price, exec_id=f"x{self.count}", fee="0",
            fee_currency="USDT",
        )  # fmt: skip

    def end(self, name: str, word: ReportType = ReportType.EXPIRED) -> None:
        self.leaves.pop(name, None)
        self.report(word, name)

    def refuse(self, index: int | None = None, word: ReportType = ReportType.REJECTED) -> str:
        """Answer a submit by a refusal, or not at all but by doubt."""
        name = self.next(index).intent.client_order_id  # type: ignore[union-attr]
        self.report(word, name)
        return str(name)

    # -- what was told ---------------------------------------------------------------------------------------------

    @property
    def router(self) -> Any:
        return self.engine.desk.actors[0].strategy

    @property
    def sent(self) -> list[tuple[int, int, int]]:
        """(venue, lots, price) of each submit that no venue has answered."""
        found = [command.intent for command in self.inbox if isinstance(command, ApprovedSubmit)]
        return [(each.instrument, each.quantity // LOT, each.price) for each in found]

    @property
    def routes(self) -> list[RouteDecided]:
        return only(self.out, RouteDecided)

    @property
    def progress(self) -> list[ParentProgress]:
        return only(self.out, ParentProgress)

    def last_decision(self) -> list[tuple[str, int, str]]:
        """(state, lots sent, levels seen) by venue."""
        number = self.routes[-1].decision
        return [(each.state, each.quantity // LOT, each.levels) for each in self.routes if each.decision == number]
