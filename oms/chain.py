"""What replacements make of one order: which of them is in force, which waits for the venue's answer.

Some venues change an order in place, others (Binance spot) cancel it and make a new one, a new *leg* of the same
order, under the name `core.ids.revision_id`; tickerd does the latter itself where the venue offers neither. For all
that concerns us it stays one order: fills of every leg add up, whichever name they come under.

While a replacement is under way nobody knows which leg a fill will hit, so the order reserves the greater of what the
old and the new one may still do. `Order.quantity` is that bound: all rules about exposure hold for it as it is.
"""

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Pending:
    """A replacement that the venue has not answered. Price and quantity as they shall be, filled included."""

    revision: int
    price: int
    quantity: int
    filled: int  # what was filled, as far as we knew, when it left
    sent: bool  # False: the cancel of the old leg is under way, and the new one is submitted when it has ended

    def canonical(self) -> tuple[int, int, int, int, bool]:
        """Return it in plain values."""
        return (self.revision, self.price, self.quantity, self.filled, self.sent)


@dataclass(slots=True, eq=False)
class Chain:
    """The replacements of one order. `wanted` and `total` are quantities in all, filled included."""

    wanted: int  # what was asked for last, of what the venue has confirmed
    total: int  # what the legs that are known to be may come to; more than `wanted` where fills were in flight
    revision: int = 0  # the one in force
    newest: int = 0  # the highest that was ever sent: no name is used twice
    leg: int = 0  # the revision whose name the venue calls the order by
    leg_quantity: int = 0  # what the venue was asked for in that leg alone, 0 while it is the first
    ended: bool = False  # that leg is no more, and a replacement is under way
    doubted: bool = False  # the order is UNKNOWN because the outcome of a replacement is
    trims: int = 0  # how often an excess was to be taken off by another replacement
    pending: Pending | None = None
    fills: dict[int, int] = field(default_factory=dict)  # what was filled under the name of each revision
    venue_ids: dict[int, str] = field(default_factory=dict)

    def earlier(self) -> int:
        """Return what was filled of legs before the one in force."""
        return sum(quantity for revision, quantity in self.fills.items() if revision < self.leg)

    def is_same_leg(self, revision: int) -> bool:
        """Whether the venue calls a revision by the id of the leg in force: then it has changed that one in place."""
        known = self.venue_ids.get(self.leg, "")
        return known != "" and self.venue_ids.get(revision, "") == known

    def revision_at(self, venue_order_id: str) -> int | None:
        """Return the revision that the venue calls by an id of its own, None for none.

        The lowest, where two are: then the venue has changed that one in place.
        """
        return min((revision for revision, known in self.venue_ids.items() if known == venue_order_id), default=None)

    def bound(self, filled: int) -> int:
        """Return the greatest quantity that the order may come to, of which `filled` is done."""
        pending = self.pending
        if pending is None:
            return self.total
        if not pending.sent:
            return max(self.total, pending.quantity)
        renewed = filled - self.fills.get(pending.revision, 0) + pending.quantity - pending.filled
        return renewed if self.ended else max(self.total, renewed)

    def names(self) -> tuple[int, ...]:
        """Return the revisions under whose names the order may be alive, for whoever cancels it."""
        pending = self.pending
        if pending is None or not pending.sent:
            return (self.leg,)
        return (pending.revision,) if self.ended else (self.leg, pending.revision)

    def canonical(self) -> "SavedChain":
        """Return everything that can influence what comes next, in plain values."""
        return (
            (self.wanted, self.total, self.revision, self.newest, self.leg, self.leg_quantity, self.trims),
            (self.ended, self.doubted),
            None if self.pending is None else self.pending.canonical(),
            sorted(self.fills.items()),
            sorted(self.venue_ids.items()),
        )


SavedChain = tuple[
    tuple[int, int, int, int, int, int, int],
    tuple[bool, bool],
    tuple[int, int, int, int, bool] | None,
    list[tuple[int, int]],
    list[tuple[int, str]],
]
"""A chain in plain values."""


def chain_from(saved: SavedChain) -> Chain:
    """Return the chain that `Chain.canonical` told."""
    (wanted, total, revision, newest, leg, leg_quantity, trims), (ended, doubted), pending, fills, venue_ids = saved
    chain = Chain(wanted, total, revision, newest, leg, leg_quantity, ended, doubted, trims)
    chain.pending = None if pending is None else Pending(*pending)
    chain.fills.update(fills)
    chain.venue_ids.update(venue_ids)
    return chain
