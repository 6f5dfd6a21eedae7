"""What a strategy may see and ask for: its window on the session.

Asking puts an intent into the outbox; the engine empties it when the callback returns, so a callback is never
interrupted by the consequences of its own orders.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from core.bars import BarSpec
from core.clock import EventClock
from core.effects import ParentProgress, RouteDecided, Sized
from core.ids import client_order_id
from core.market import Market
from core.orders import CancelIntent, OrderIntent, ReplaceIntent, Side
from core.rng import Rng
from oms.manager import OrderManager


class Timer(msgspec.Struct, frozen=True, gc=False):
    """A timer that fell due: `due_ns` as asked for, `now_ns` the time of the event that woke it."""

    name: str
    due_ns: int
    now_ns: int


class TimerIntent(msgspec.Struct, frozen=True, gc=False):
    """A wish to be called at `due_ns`, event time."""

    name: str
    due_ns: int


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """A wish for one kind of event of one instrument; `spec` for bars alone."""

    channel: str
    instrument: int
    spec: BarSpec | None = None


class AlertIntent(msgspec.Struct, frozen=True, gc=False):
    """A wish to tell a person something."""

    message: str


class GroupIntent(msgspec.Struct, frozen=True):
    """A wish for several orders that belong together: all of them are taken, or none."""

    orders: tuple[OrderIntent, ...]


class WorkIntent(msgspec.Struct, frozen=True):
    """A wish that an execution algorithm work a parent order under the name `worker`.

    `beside`: further instruments that it may trade, for one that routes.
    """

    worker: str
    algorithm: type
    params: msgspec.Struct
    instrument: int
    beside: tuple[int, ...] = ()
    remembers: bool = False  # whether it goes on after a restart


class RememberIntent(msgspec.Struct, frozen=True, gc=False):
    """A wish to know something after a restart: bytes, or what makes them once the callbacks are through."""

    data: bytes | Callable[[], bytes]


class RetireIntent(msgspec.Struct, frozen=True, gc=False):
    """A wish to be called no more: what there was to do is done."""


Wish = (
    OrderIntent
    | CancelIntent
    | ReplaceIntent
    | GroupIntent
    | TimerIntent
    | Subscription
    | AlertIntent
    | WorkIntent
    | RetireIntent
    | ParentProgress
    | RouteDecided
    | Sized
)
Intent = Wish | RememberIntent
Sizes = Callable[[str, Market, Side, int], Sized | None]
"""What answers (strategy id, market, side, distance of the stop) with a size."""


class OrderCounter:
    """The session's order counter, shared by all strategies so that ids never repeat."""

    __slots__ = ("count", "epoch")

    def __init__(self, epoch: int) -> None:
        """Count orders of the session that started at `epoch` (`core.ids.session_epoch`)."""
        self.epoch = epoch
        self.count = 0

    def next_id(self) -> str:
        """Return the next client order id."""
        self.count += 1
        return client_order_id(self.epoch, self.count)

    def id_of(self, number: int) -> str:
        """Return the client order id of the session's order of that number, which counts from 1."""
        return client_order_id(self.epoch, number)


class Context:
    """One strategy's window: markets, its positions and orders, the clock, its generator, and the outbox."""

    __slots__ = (
        "asked",
        "clock",
        "counter",
        "manager",
        "markets",
        "memories",
        "next_id",
        "outbox",
        "remembers",
        "rng",
        "sizes",
        "strategy_id",
        "worker",
        "works",
    )

    def __init__(
        self,
        strategy_id: str,
        markets: Sequence[Market],
        manager: OrderManager,
        clock: EventClock,
        counter: OrderCounter,
        rng: Rng,
        worker: str = "",
        *,
        memories: Mapping[str, bytes] | None = None,
        remembers: bool = False,
    ) -> None:
        """Join what the engine shares with one strategy; `markets` are the instruments configured for it.

        `worker` is the name of an algorithm that works for the strategy. `memories`: what was remembered last, by name.
        `remembers`: whether an execution algorithm here shall go on after a restart.
        """
        self.worker = worker
        self.works = 0  # how many algorithms it has asked for
        self.asked: dict[str, None] = {}  # those with a name
        self.memories: Mapping[str, bytes] = {} if memories is None else memories
        self.remembers = remembers
        self.strategy_id = strategy_id
        self.markets = tuple(markets)
        self.manager = manager
        self.clock = clock
        self.counter = counter
        self.next_id = counter.next_id
        self.rng = rng
        self.sizes: Sizes | None = None
        """What answers how large a position may be; None where no rules are set."""
        self.outbox: list[Intent] = []

    @property
    def name(self) -> str:
        """The name under which it is known, journaled and remembered."""
        return self.worker or self.strategy_id

    def remember(self, data: bytes | Callable[[], bytes]) -> None:
        """Wish to know something after a restart, before whatever else is asked for; the last wish counts."""
        outbox, wish = self.outbox, RememberIntent(data)
        if outbox and type(outbox[0]) is RememberIntent:
            outbox[0] = wish
        else:
            outbox.insert(0, wish)
