"""A strategy as a kernel: typed state and small functions of numbers, for the compiled backtest and for live trading.

A kernel is a `Strategy` like any other to the engine: this base class is the adapter, which calls the kernel's
functions with its state and carries out what they ask. The compiled driver (`research.compiled`) inlines the same
functions. They are hot functions (`core/hot.py`); helpers that they call are named in the class's `HELPERS`.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

from core.bars import Bar
from core.effects import OrderFilled, OrderUpdated
from core.hot import LENGTH
from core.ids import parse_client_order_id
from core.market import Market, MarketNumbers, Quote, Trade
from core.orders import CancelIntent, Refusal, TimeInForce
from oms.codes import STATES
from strategies.base import Saved, Strategy, StrategyError, StrategyParams
from strategies.context import Context, Timer
from strategies.desk import (
    ASK_CANCEL,
    ASK_SUBMIT,
    ASKS_MAX,
    FOK,
    IOC,
    MARKETS_MAX,
    POST_ONLY,
    REDUCE_ONLY,
    KernelDesk,
)

WAKE = "wake"  # the name of a kernel's one timer
_STATE_CODES = {state: code for code, state in enumerate(STATES)}
Helpers = tuple[Callable[..., Any], ...]


class Kernel(Strategy):
    """Base of kernels: override `prepare` and the `at_` functions that you need, all static.

    An order's state is a code of `oms.codes`; prices and quantities are in the instrument's units.
    """

    HELPERS: ClassVar[Helpers] = ()

    def __init__(self, params: StrategyParams, context: Context) -> None:
        """Have a desk; the state is made when trading begins and the instruments are known."""
        super().__init__(params, context)
        self.desk = KernelDesk()
        self.state: Any = None

    # -- the kernel's own: override these --------------------------------------------------------------------------

    @staticmethod
    def prepare(params: Any, markets: tuple[Market, ...]) -> Any:  # noqa: ANN401 - each kernel has its own types
        """Return the state, a record of numbers; plain Python, called once at the start. Raise to refuse."""
        raise NotImplementedError("a kernel makes its state in `prepare`")

    @staticmethod
    def at_quote(state: Any, market: MarketNumbers, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take a new best bid and ask, which are in `market`."""

    @staticmethod
    def at_trade(state: Any, market: MarketNumbers, price: int, quantity: int, side: int, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take a public trade; `side` is the aggressor's sign."""

    @staticmethod
    def at_book(state: Any, market: MarketNumbers, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take one whole update of `market.book`."""

    @staticmethod
    def at_bar(
        state: Any,  # noqa: ANN401
        market: MarketNumbers,
        opened: int,
        high: int,
        low: int,
        close: int,
        volume: int,
        desk: KernelDesk,
    ) -> None:
        """Take a bar of the venue that has just closed."""

    @staticmethod
    def at_wake(state: Any, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take the wake-up that was asked for."""

    @staticmethod
    def at_order(state: Any, number: int, order_state: int, filled: int, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take a change of an own order."""

    @staticmethod
    def at_fill(state: Any, number: int, side: int, price: int, quantity: int, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take an execution of an own order; the position in `desk` holds it already."""

    @staticmethod
    def at_refusal(state: Any, number: int, desk: KernelDesk) -> None:  # noqa: ANN401
        """Take the gate's refusal of an order."""

    # -- the adapter -----------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Make the state and subscribe to what the kernel overrides, in every configured instrument."""
        if any(market.index >= MARKETS_MAX for market in self.markets):
            raise StrategyError(f"a kernel trades instruments below index {MARKETS_MAX}: configure fewer")
        self.state = self.prepare(self.params, self.markets)
        self.desk.now_ns = self.now_ns
        self.cancel_all()  # what an earlier session left open has no number here
        for market in self.markets:
            self.desk.positions[market.index] = self.position(market)
        for market in self.markets:
            if self.overrides("at_quote"):
                self.subscribe_quotes(market)
            if self.overrides("at_trade"):
                self.subscribe_trades(market)
            if self.overrides("at_book"):
                self.subscribe_book(market)
            if self.overrides("at_bar"):
                self.subscribe_venue_bars(market)

    @classmethod
    def overrides(cls, name: str) -> bool:
        """Whether the kernel has a function of its own for this callback."""
        return getattr(cls, name) is not getattr(Kernel, name)

    def on_quote(self, quote: Quote) -> None:
        """Hand a quote to the kernel."""
        desk = self._open()
        self.at_quote(self.state, self.market(quote.instrument), desk)
        if desk.asked:
            self._carry_out()

    def on_trade(self, trade: Trade) -> None:
        """Hand a trade to the kernel."""
        desk = self._open()
        market = self.market(trade.instrument)
        self.at_trade(self.state, market, trade.price, trade.quantity, int(trade.aggressor), desk)
        if desk.asked:
            self._carry_out()

    def on_book(self, market: Market) -> None:
        """Hand a book to the kernel."""
        desk = self._open()
        self.at_book(self.state, market, desk)
        if desk.asked:
            self._carry_out()

    def on_bar(self, bar: Bar) -> None:
        """Hand a bar to the kernel."""
        desk = self._open()
        market = self.market(bar.instrument)
        self.at_bar(self.state, market, bar.open, bar.high, bar.low, bar.close, bar.volume, desk)
        if desk.asked:
            self._carry_out()

    def on_timer(self, timer: Timer) -> None:
        """Wake the kernel."""
        desk = self._open()
        self.at_wake(self.state, desk)
        if desk.asked:
            self._carry_out()

    def on_order(self, update: OrderUpdated) -> None:
        """Hand an order's change to the kernel."""
        desk = self._open()
        number = self._number_of(update.client_order_id)
        self.at_order(self.state, number, _STATE_CODES[update.state], update.filled, desk)
        if desk.asked:
            self._carry_out()

    def on_fill(self, fill: OrderFilled) -> None:
        """Hand an execution to the kernel, its position first."""
        desk = self._open()
        own = self.context.manager.strategy_position(self.context.strategy_id, fill.instrument)
        desk.positions[fill.instrument] = own.quantity
        number = self._number_of(fill.client_order_id)
        self.at_fill(self.state, number, int(fill.side), fill.price, fill.quantity, desk)
        if desk.asked:
            self._carry_out()

    def on_refusal(self, refusal: Refusal) -> None:
        """Hand a refusal to the kernel."""
        desk = self._open()
        self.at_refusal(self.state, self._number_of(refusal.intent.client_order_id), desk)
        if desk.asked:
            self._carry_out()

    def save(self) -> Saved:
        """Return the state and the positions, each field under its path."""
        saved: Saved = {"positions": [self.desk.positions[market.index] for market in self.markets]}
        _save(self.state, "", saved)
        return saved

    def load(self, saved: Saved) -> None:
        """Take back the state and the positions."""
        positions = saved["positions"]
        assert isinstance(positions, list)
        for market, quantity in zip(self.markets, positions, strict=True):
            self.desk.positions[market.index] = int(quantity)
        _load(self.state, "", saved)

    def _number_of(self, client_order_id: str) -> int:
        """Return an order's number from its id; 0 of one that the venue made by itself, -1 of an earlier session's."""
        parsed = parse_client_order_id(client_order_id)
        if parsed is None:
            return 0
        return parsed[1] if parsed[0] == self.context.counter.epoch else -1

    def _open(self) -> KernelDesk:
        """Return the desk, ready for one callback."""
        desk = self.desk
        desk.now_ns = self.context.clock.now_ns
        desk.next_number = self.context.counter.count + 1
        return desk

    def _carry_out(self) -> None:
        """Ask the engine for what the kernel asked for, in its order. Raises StrategyError."""
        desk = self.desk
        asked, desk.asked = desk.asked, 0
        if desk.overflowed:
            desk.overflowed = False
            raise StrategyError(f"the kernel asked for more than {ASKS_MAX} things in one callback: ask for less")
        for place in range(asked):
            kind = desk.kinds[place]
            if kind == ASK_SUBMIT:
                self._submit(place)
            elif kind == ASK_CANCEL:
                name = self.context.counter.id_of(desk.numbers[place])
                self.context.outbox.append(CancelIntent(client_order_id=name, strategy_id=self.context.strategy_id))
            else:
                self.set_timer(WAKE, desk.numbers[place] - desk.now_ns)

    def _submit(self, place: int) -> None:
        """Ask for one order."""
        desk = self.desk
        flags = desk.flags[place]
        life = TimeInForce.IOC if flags & IOC else TimeInForce.FOK if flags & FOK else TimeInForce.GTC
        ask = self.buy if desk.sides[place] > 0 else self.sell
        ask(
            self.market(desk.instruments[place]),
            desk.quantities[place],
            desk.prices[place],
            time_in_force=life,
            post_only=bool(flags & POST_ONLY),
            reduce_only=bool(flags & REDUCE_ONLY),
        )


def _save(record: Any, path: str, saved: Saved) -> None:  # noqa: ANN401 - each kernel has its own record
    """Put every number of a record under its path."""
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if dataclasses.is_dataclass(value):
            _save(value, f"{path}{each.name}.", saved)
        else:
            # A float field may hold an int that was assigned to it, which compiled code would have converted.
            number = float(value) if each.type is float else value
            saved[path + each.name] = list(value) if LENGTH in each.metadata else number


def _load(record: Any, path: str, saved: Saved) -> None:  # noqa: ANN401 - likewise
    """Take every number of a record from its path."""
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if dataclasses.is_dataclass(value):
            _load(value, f"{path}{each.name}.", saved)
        elif LENGTH in each.metadata:
            numbers = saved[path + each.name]
            assert isinstance(numbers, list)
            value[:] = numbers if isinstance(value, list) else type(value)(value.typecode, numbers)
        else:
            setattr(record, each.name, saved[path + each.name])
