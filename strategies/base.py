"""The strategy actor: override the callbacks you need, ask for orders, timers and subscriptions.

Every callback runs at the time of one event (`self.now_ns`), sees only what was known then, and must be a pure
function of what it saw: no clocks, no files, no randomness but `self.rng`. A callback that raises pauses this strategy
alone; its working orders are cancelled and the traceback is journaled.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from core.bars import Bar, BarSpec, time_bars
from core.effects import ExitChanged, OrderBusted, OrderFilled, OrderUpdated, ParentProgress, Sized
from core.errors import CoreError
from core.market import Market, Quote, Trade
from core.orders import CancelIntent, OrderIntent, OrderTerms, OrderType, Refusal, ReplaceIntent, Side, TimeInForce
from core.rng import Rng
from oms.held.order import HeldOrder
from oms.order import Order
from strategies.context import AlertIntent, Context, RetireIntent, Subscription, Timer, TimerIntent, WorkIntent
from strategies.memory import Standing, request_text, unpack
from strategies.words import OrderWords

# A module's attribute costs a quarter of an enumeration's.
_BUY, _SELL = Side.BUY, Side.SELL
_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET

MEMORY_MAX = 64 * 1024
REQUEST_MAX = 32 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")

Saved = dict[str, int | float | str | bool | list[int] | list[float] | None]


class StrategyError(CoreError):
    """A strategy asked for something that cannot be: an instrument not configured for it, a time in the past."""


class StrategyParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a strategy's typed parameters; a strategy without any uses it as it stands."""


class Strategy(OrderWords):
    """Base class of strategies. Prices and quantities are ints in the instrument's units; see `core.instruments`."""

    Params: ClassVar[type[StrategyParams]] = StrategyParams
    params: StrategyParams
    algorithms: ClassVar[tuple[type["Strategy"], ...]] = ()
    """Execution algorithms of your own that `work` asks for by name: so they are found again after a restart."""

    def __init__(self, params: StrategyParams, context: Context) -> None:
        """Keep parameters and context. Override `on_start` rather than this."""
        self.params = params
        self.context = context

    # -- callbacks -------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Trading may begin: subscribe here."""

    def on_quote(self, quote: Quote) -> None:
        """Take a new best bid and ask."""

    def on_trade(self, trade: Trade) -> None:
        """Take a public trade."""

    def on_book(self, market: Market) -> None:
        """Take one whole update of the L2 book, which is `market.book`."""

    def on_bar(self, bar: Bar) -> None:
        """Take a bar that has just closed."""

    def on_timer(self, timer: Timer) -> None:
        """Take a timer that fell due."""

    def on_order(self, update: OrderUpdated) -> None:
        """Take a change of one of this strategy's orders."""

    def on_fill(self, fill: OrderFilled) -> None:
        """Take an execution of one of this strategy's orders."""

    def on_bust(self, bust: OrderBusted) -> None:
        """Take word that the venue took back an execution of one of this strategy's orders."""

    def on_exit(self, change: ExitChanged) -> None:
        """Take word that tickerd is "closing" a position of this strategy by its exits, or has "closed" it."""

    def on_refusal(self, refusal: Refusal) -> None:
        """Take the gate's refusal of an order, or of a replacement, whose `intent` then has the revision's id."""

    def on_stop(self) -> None:
        """Trading ends: working orders are cancelled after this returns."""

    def save(self) -> Saved:
        """Return the state that decides what this strategy does next, as plain values; it is part of the digest."""
        return {}

    def load(self, saved: Saved) -> None:
        """Take back what `save` returned."""

    # -- what is known ---------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The time of the event being handled, ns since the Unix epoch."""
        return self.context.clock.now_ns

    @property
    def rng(self) -> Rng:
        """A seeded generator of this strategy's own."""
        return self.context.rng

    @property
    def markets(self) -> tuple[Market, ...]:
        """The instruments configured for this strategy, in the order of its settings."""
        return self.context.markets

    def market(self, instrument: int | str) -> Market:
        """Return the market of an index or a name such as `BTCUSDT.BINANCE`. Raises StrategyError."""
        for market in self.context.markets:
            if instrument in {market.index, market.instrument.id}:
                return market
        names = ", ".join(market.instrument.id for market in self.context.markets)
        raise StrategyError(f"{instrument} is not among this strategy's instruments ({names}); add it to its settings")

    def position(self, market: Market) -> int:
        """Return this strategy's own net quantity, signed."""
        return self.context.manager.strategy_position(self.context.strategy_id, market.index).quantity

    def open_orders(self, market: Market | None = None) -> list[Order]:
        """Return this strategy's orders at the venue that are not ended, oldest first."""
        return [
            order
            for order in self.context.manager.open_orders()
            if order.strategy_id == self.context.strategy_id and (market is None or order.instrument == market.index)
        ]

    def held_orders(self, market: Market | None = None) -> list[HeldOrder]:
        """Return this strategy's orders that tickerd keeps, oldest first; what went out of them is open as well."""
        index = None if market is None else market.index
        return self.context.manager.held.of_strategy(self.context.strategy_id, index)

    @property
    def remembered(self) -> bytes:
        """What it remembered last, in this session or the one before it; b"" for nothing."""
        return self.context.memories.get(self.context.name, b"")

    @property
    def parents(self) -> dict[str, Standing]:
        """How the parent orders stand that it asked for by name; those of earlier sessions too, in `on_start` already.

        Those that have not ended are at work again. Of those that have, the newest hundred are known.
        """
        mine = self.context.name + "#"
        found = {}
        for name, data in self.context.memories.items():
            known = unpack(data) if name.startswith(mine) else None
            if known is not None and "#" not in name[len(mine) :]:
                found[name[len(mine) :]] = Standing(
                    algorithm=known.algorithm, state=known.state, quantity=known.quantity, filled=known.filled
                )
        return found

    def sized(self, market: Market, side: Side, *, stop_distance: int = 0) -> Sized:
        """Return how large a position may be that is opened from flat, and the rule that bound it; journaled.

        By the rules of `[strategies.sizing]`, scaled by the operator: whole lots, 0 for nothing. Ask when you are about
        to order, not at every event. `stop_distance`: how far from its entry you will stop, in price units, for
        `risk_per_trade`. Raises StrategyError where there are no rules.
        """
        sizes = self.context.sizes
        found = None if sizes is None else sizes(self.context.strategy_id, market, side, stop_distance)
        if found is None:
            raise StrategyError(f"{self.context.strategy_id} has no rules for sizes: give it [strategies.sizing]")
        self.context.outbox.append(found)
        return found

    def size(self, market: Market, side: Side, *, stop_distance: int = 0) -> int:
        """Return the quantity of `sized`."""
        return self.sized(market, side, stop_distance=stop_distance).quantity

    # -- what can be asked for -------------------------------------------------------------------------------------

    def subscribe_quotes(self, market: Market) -> None:
        """Ask for `on_quote` of this market."""
        self.context.outbox.append(Subscription("quotes", market.index))

    def subscribe_trades(self, market: Market) -> None:
        """Ask for `on_trade` of this market."""
        self.context.outbox.append(Subscription("trades", market.index))

    def subscribe_book(self, market: Market) -> None:
        """Ask for `on_book` of this market."""
        self.context.outbox.append(Subscription("book", market.index))

    def subscribe_bars(self, market: Market, spec: BarSpec | str) -> None:
        """Ask for `on_bar` of bars built from this market's trades: a `BarSpec`, or time bars by text (`"1m"`)."""
        chosen = time_bars(spec) if isinstance(spec, str) else spec
        self.context.outbox.append(Subscription("bars", market.index, chosen))

    def subscribe_venue_bars(self, market: Market) -> None:
        """Ask for `on_bar` of the bars that the venue itself makes (channel "bars" in the venue's settings)."""
        self.context.outbox.append(Subscription("venue-bars", market.index))

    def buy(
        self,
        market: Market,
        quantity: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        terms: OrderTerms | None = None,
    ) -> str:
        """Ask to buy, at the market (no price) or at a limit; return the client order id."""
        return self._ask(market, _BUY, quantity, price, time_in_force, post_only, reduce_only, terms)

    def sell(
        self,
        market: Market,
        quantity: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        terms: OrderTerms | None = None,
    ) -> str:
        """Ask to sell, at the market (no price) or at a limit; return the client order id."""
        return self._ask(market, _SELL, quantity, price, time_in_force, post_only, reduce_only, terms)

    def replace(self, client_order_id: str, *, price: int = 0, quantity: int = 0) -> None:
        """Ask to change a working order: its price, its quantity in all (what is filled included), or both.

        It stays the same order with the same id, told by `on_order`: while the venue has not answered, its quantity is
        the greatest that it may come to. Of several wishes while one is under way the last counts. A venue that offers
        no replacement gets a cancel, and what is left as a new order. Raises StrategyError where nothing is to change.
        """
        if price <= 0 and quantity <= 0:
            raise StrategyError(f"replace({client_order_id!r}) names neither a price nor a quantity above 0")
        strategy_id = self.context.strategy_id
        self.context.outbox.append(
            ReplaceIntent(client_order_id=client_order_id, strategy_id=strategy_id, price=price, quantity=quantity)
        )

    def cancel(self, client_order_id: str) -> None:
        """Ask to cancel one order."""
        self.context.outbox.append(CancelIntent(client_order_id=client_order_id, strategy_id=self.context.strategy_id))

    def cancel_all(self, market: Market | None = None) -> None:
        """Ask to cancel all of this strategy's open and held orders, of one market or of all."""
        ending: set[str] = set()
        for kept in self.held_orders(market):
            self.cancel(kept.client_order_id)
            ending.update((kept.client_order_id, *kept.slices))  # what is out of it is cancelled with it
        for order in self.open_orders(market):
            if order.client_order_id not in ending:
                self.cancel(order.client_order_id)

    def set_timer(self, name: str, after_ns: int) -> None:
        """Ask for `on_timer` once, `after_ns` from now in event time. Raises StrategyError if that is not ahead."""
        if after_ns <= 0:
            raise StrategyError(f"timer {name!r} must be set at least 1 ns ahead, not {after_ns} ns")
        self.context.outbox.append(TimerIntent(name, self.now_ns + after_ns))

    def work(
        self,
        algorithm: type["Strategy"],
        market: Market,
        *,
        beside: Sequence[Market] = (),
        name: str = "",
        **params: object,
    ) -> str:
        """Ask for an execution algorithm (`strategies.algos`) to work a parent order; return its name.

        With a `name` it goes on after a restart by itself, and is asked for once: where the name is known already, from
        an earlier session too (`parents`), nothing is done. Without one it ends with the process.

        `params` are those of the algorithm's settings. Its orders are this strategy's, told here as well; how it stands
        is told by `ParentProgress`. It ends by itself, or with this strategy. `beside`: the further markets of one that
        routes. Raises StrategyError.
        """
        try:
            settings = msgspec.convert(params, algorithm.Params)
        except msgspec.ValidationError as error:
            raise StrategyError(f"{algorithm.__name__} cannot be asked for: {error}") from error
        context = self.context
        if name:
            worker = f"{context.name}#{name}"
            if not _NAME.fullmatch(name) or name.isdigit():
                raise StrategyError(
                    f"{name!r} cannot name a parent order: take up to 32 of letters, digits, ._- and not digits alone"
                )
            if len(request_text(settings)) > REQUEST_MAX:
                raise StrategyError(
                    f"the parameters of {name!r} take more than {REQUEST_MAX} bytes, too many to be remembered: give "
                    "fewer (weights for wider intervals), or no name"
                )
            if name in context.asked or worker in context.memories:
                return worker
            context.asked[name] = None
        else:
            context.works += 1
            worker = f"{context.name}#{context.works}"
        places = tuple(each.index for each in beside)
        context.outbox.append(WorkIntent(worker, algorithm, settings, market.index, places, remembers=bool(name)))
        return worker

    def remember(self, data: bytes) -> None:
        """Ask to find `data` as `remembered` after a restart, b"" to forget; journaled where it is new.

        The last word counts: remember all that you want to know, at most 64 KiB. It is in the journal before the orders
        that the same callback asks for. Raises StrategyError where it is too much.
        """
        if len(data) > MEMORY_MAX:
            raise StrategyError(
                f"{len(data)} bytes are more than the {MEMORY_MAX} that can be remembered: keep what cannot be worked "
                "out anew from the market and from your orders and positions, which are known after a restart"
            )
        self.context.remember(data)

    def tell_progress(self, progress: ParentProgress) -> None:
        """Tell how a parent order stands: journaled, shown."""
        self.context.outbox.append(progress)

    def retire(self) -> None:
        """Ask to be called no more."""
        self.context.outbox.append(RetireIntent())

    def alert(self, message: str) -> None:
        """Tell a person something: journaled, logged, shown."""
        self.context.outbox.append(AlertIntent(message))

    def _ask(
        self,
        market: Market,
        side: Side,
        quantity: int,
        price: int,
        time_in_force: TimeInForce,
        post_only: bool,
        reduce_only: bool,
        terms: OrderTerms | None,
    ) -> str:
        """Put one order intent into the outbox."""
        client_order_id = self.context.next_id()
        self.context.outbox.append(
            OrderIntent(
                client_order_id=client_order_id,
                strategy_id=self.context.strategy_id,
                instrument=market.index,
                side=side,
                type=_LIMIT if price else _MARKET,
                quantity=quantity,
                price=price,
                time_in_force=time_in_force,
                post_only=post_only,
                reduce_only=reduce_only,
                terms=terms,
            )
        )
        return client_order_id
