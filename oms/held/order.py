"""One kept order: what was asked for, where its trigger stands, and the slices of it that went to the venue."""

import enum
from collections.abc import Mapping

import msgspec

from core.orders import Contingency, OrderIntent, OrderState, OrderTerms, OrderType
from oms.held.triggers import TRAILING, waits_for_rise

NO_TERMS = OrderTerms()
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
EXCLUSIVE = (Contingency.OCO, Contingency.OUO)


class Stage(enum.IntEnum):
    """How far a kept order is."""

    WATCHING = 0  # its trigger has not been pulled
    READY = 1  # it may go out, as far as its parent and its siblings leave something for it
    EARLY = 2  # its time to go out, `from_ns`, has not come


class Slice:
    """A part of a kept order that went to the venue, as an order of its own."""

    __slots__ = ("asked", "filled", "open", "quantity")

    def __init__(self, quantity: int, filled: int = 0, *, is_open: bool = True, asked: bool = False) -> None:
        """Be at the venue. `asked`: we asked for its cancel."""
        self.quantity = quantity
        self.filled = filled
        self.open = is_open
        self.asked = asked

    @property
    def leaves(self) -> int:
        """What may still be filled of it."""
        return max(self.quantity - self.filled, 0) if self.open else 0


class HeldOrder:
    """An order that tickerd keeps, from its taking in to the end of its last slice. Only `HeldOrders` changes it."""

    __slots__ = (
        "armed",
        "client_order_id",
        "ended",
        "ending",
        "expire_ns",
        "family",
        "filled",
        "fired",
        "following",
        "from_ns",
        "instrument",
        "intent",
        "lot",
        "quantity",
        "reason",
        "rise",
        "saved",
        "side",
        "slices",
        "stage",
        "strategy_id",
        "terms",
        "tick",
        "told",
        "touched",
        "trails",
        "trigger",
        "waits",
        "watched",
    )

    def __init__(self, intent: OrderIntent, family: str, lot: int, tick: int, expire_ns: int, from_ns: int = 0) -> None:
        """Begin with nothing at the venue; `HeldOrders` says whether it watches a trigger.

        `from_ns`: when it may go out, of orders for a session's open or close; 0 for all others.
        """
        self.intent = intent
        self.client_order_id = intent.client_order_id
        self.strategy_id = intent.strategy_id
        self.instrument = intent.instrument
        self.side = intent.side
        self.terms = intent.terms or NO_TERMS
        self.family = family
        self.lot = lot
        self.tick = tick
        self.expire_ns = expire_ns
        self.from_ns = from_ns
        self.stage = Stage.READY if intent.type in (OrderType.MARKET, OrderType.LIMIT) else Stage.WATCHING
        if from_ns:
            self.stage = Stage.EARLY
        self.trigger = self.terms.trigger_price
        self.touched = False  # a limit leg that waits for the market to touch its price
        self.following = False  # a trailing stop whose activation price has been seen
        self.rise = waits_for_rise(intent.type, intent.side)  # whether its trigger is pulled from below
        self.trails = intent.type in TRAILING
        self.fired = False  # its trigger was pulled
        self.quantity = intent.quantity
        self.armed = 0 if self.terms.parent else intent.quantity  # what its parent's fills have released
        self.filled = 0
        self.ending: OrderState | None = None
        self.reason = ""
        self.ended = False
        self.told = False  # whether its strategy was told that it is HELD
        self.watched = False
        self.waits = False  # it may go out, but the market cannot be trusted now
        self.saved = b""  # as it was last written down
        self.slices: dict[str, Slice] = {}

    @property
    def leaves(self) -> int:
        """What may still be filled of it at the venue."""
        return sum(each.leaves for each in self.slices.values())

    @property
    def is_open_at_venue(self) -> bool:
        """Whether anything of it is at the venue, as far as is known."""
        return any(each.open for each in self.slices.values())

    @property
    def exclusive(self) -> bool:
        """Whether no other order of its group may be at the venue beside it."""
        return bool(self.terms.group) and self.terms.contingency in EXCLUSIVE

    @property
    def bears_its_name(self) -> bool:
        """Whether its only slice is called as it is itself: then the venue's word on the slice says it all."""
        return len(self.slices) == 1 and self.client_order_id in self.slices

    def end(self, state: OrderState, reason: str) -> None:
        """Ask it to end; it has once nothing of it is at the venue. The first reason counts."""
        if self.ending is None:
            self.ending, self.reason = state, reason

    def save(self) -> bytes:
        """Return `plain` as bytes."""
        return _encode(self.plain())

    def plain(self) -> list[object]:
        """Return all that decides what it does next as plain values, for a digest and for a snapshot."""
        return [
            msgspec.to_builtins(self.intent),
            self.family,
            self.lot,
            self.tick,
            self.expire_ns,
            int(self.stage),
            self.trigger,
            self.touched,
            self.following,
            self.fired,
            self.quantity,
            self.armed,
            self.filled,
            self.ending.value if self.ending else "",
            self.reason,
            self.ended,
            self.told,
            [[name, each.quantity, each.filled, each.open, each.asked] for name, each in self.slices.items()],
            *([self.from_ns] if self.from_ns else []),
        ]


class PlainOrder(msgspec.Struct, frozen=True, array_like=True):
    """What `HeldOrder.plain` returns, read back."""

    intent: OrderIntent
    family: str
    lot: int
    tick: int
    expire_ns: int
    stage: int
    trigger: int
    touched: bool
    following: bool
    fired: bool
    quantity: int
    armed: int
    filled: int
    ending: str
    reason: str
    ended: bool
    told: bool
    slices: list[tuple[str, int, int, bool, bool]]
    from_ns: int = 0


_decode = msgspec.msgpack.Decoder(PlainOrder).decode


def from_saved(data: bytes, indexes: Mapping[int, int] | None = None) -> HeldOrder:
    """Return the order that `HeldOrder.save` wrote, its instrument by its new index. Raises msgspec.MsgspecError."""
    kept = _decode(data)
    intent = kept.intent
    if indexes is not None:
        intent = msgspec.structs.replace(intent, instrument=indexes[intent.instrument])
    order = HeldOrder(intent, kept.family, kept.lot, kept.tick, kept.expire_ns, kept.from_ns)
    order.stage = Stage(kept.stage)
    order.trigger, order.touched, order.following, order.fired = kept.trigger, kept.touched, kept.following, kept.fired
    order.quantity, order.armed, order.filled = kept.quantity, kept.armed, kept.filled
    order.ending = OrderState(kept.ending) if kept.ending else None
    order.reason, order.ended, order.told = kept.reason, kept.ended, kept.told
    for name, quantity, filled, is_open, asked in kept.slices:
        order.slices[name] = Slice(quantity, filled, is_open=is_open, asked=asked)
    order.saved = order.save()
    return order
