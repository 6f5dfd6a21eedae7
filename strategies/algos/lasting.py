"""How a parent order outlives the process: what is remembered of it, and how it goes on from that.

Remembered is what nobody else knows: the request, which children it asked for and how much of each was counted, the
sums, how far its schedule is. What the children came to since is the order manager's word, which a restart has from the
journal and the venue's evidence. A child is remembered before its order can leave, so none is ever forgotten; one that
is remembered and never left counts for nothing.
"""

from itertools import islice

from core.orders import Side
from oms.order import Order
from strategies.algos.measure import Measure
from strategies.base import MEMORY_MAX, Strategy, StrategyError
from strategies.memory import (
    ENDED_CHILDREN_MAX,
    WORKING,
    ChildMemory,
    ParentMemory,
    algorithm_name,
    counted_in,
    pack,
    request_digest,
    request_text,
    unpack,
)


class LastingParent(Strategy):
    """What `ParentStrategy` counts and remembers."""

    side: Side
    quantity: int

    def end(self, state: str, reason: str = "") -> None:
        """Ask for nothing more."""
        raise NotImplementedError

    def _tell(self, state: str, reason: str) -> None:
        raise NotImplementedError

    # -- what an algorithm overrides -------------------------------------------------------------------------------

    def place_now(self) -> list[int]:
        """Return how far the algorithm's own schedule is: it is remembered whenever something happens."""
        return []

    def resumed(self, place: list[int]) -> None:
        """Go on after a restart from what `place_now` returned: set the timers again; no price may be known yet."""

    def known_again(self) -> None:
        """Take notice of the children that were found after a restart."""

    # -- what it uses ----------------------------------------------------------------------------------------------

    def open_parent(self) -> None:
        """Begin with nothing asked for and nothing done."""
        self.measure: Measure | None = None
        self.children: dict[str, int] = {}  # what each open one may still do
        self.child_count = 0
        self.started_ns = self.now_ns
        self.arrived_ns = 0  # when the first price was known
        self.bid = self.ask = 0
        self.paused = False
        self.ending = ""  # "filled", "expired" or "stopped", once no child is to follow
        self.has_ended = False
        self._reason = self._final = ""
        self._mid_twice = 0  # remembered: for what is counted before a price is known
        self._known: dict[str, list[int]] = {}  # what of each was counted: quantity and worth

    def go_on(self) -> None:
        """Go on with what is remembered of this parent; call it in `begin`, before the first price."""
        # What tells the request: all of it where it is to be asked for again by it.
        self._request = request_text(self.params) if self.context.worker else request_digest(self.params)
        self._counted_in = counted_in([market.instrument for market in self.markets])
        known = unpack(self.remembered)
        if known is not None and known.is_of(type(self), self._request, self._counted_in):
            if known.instruments != self._counted_in and known.sums:
                self._stand_still(known)
                return
            self._take_back(known)
        elif known is not None:
            self._leave(known)
        self.note()

    @property
    def filled(self) -> int:
        """What is done of the parent."""
        return 0 if self.measure is None else self.measure.filled

    @property
    def working(self) -> int:
        """What the open children may still do."""
        return sum(self.children.values())

    def sent(self, name: str, size: int) -> None:
        """Count a child that was asked for."""
        self.children[name] = size
        self._known[name] = [0, 0]
        self.child_count += 1
        self.note()

    def note(self) -> None:
        """Remember how the parent stands, once the callback is through."""
        if self.context.remembers:
            self.context.remember(self._memory)

    def counted(self, order: Order) -> tuple[int, int, int]:
        """Return (left, filled, worth) of a child in the parent's units."""
        return order.leaves, order.filled, order.notional

    # -- over a restart --------------------------------------------------------------------------------------------

    def _take_back(self, known: ParentMemory) -> None:
        """Become the parent that was remembered; what its children came to since, the order manager knows."""
        self.started_ns, self.arrived_ns, self.child_count = known.started_ns, known.arrived_ns, known.child_count
        if not known.sums:
            return  # it had seen no price and asked for nothing
        self._mid_twice = known.mid_twice
        self.measure = Measure(0)
        self.measure.restore([int(each) for each in known.sums])
        for child in (*known.ended, *known.children):
            self._find(child, known)
        self.known_again()
        self._reason = known.reason
        if known.state != WORKING:
            self.ending, self.has_ended, self._final = known.state, True, known.state
            self._tell(known.state, "it ended before the restart")
            self.retire()
            return
        self._tell(WORKING, "goes on after a restart")
        if known.ending:
            self.end(known.ending, known.reason)
        elif self.filled >= self.quantity:
            self.end("filled")
        else:
            self.resumed(known.place)

    def _find(self, child: ChildMemory, known: ParentMemory) -> None:
        """Count what a child came to since it was counted last. One that never left counts for nothing."""
        assert self.measure is not None
        manager, name = self.context.manager, child.name
        order, counted = manager.order(name), [child.filled, int(child.notional)]
        if order is not None:
            left, filled, worth = self.counted(order)
            self.measure.add(filled - child.filled, worth - counted[1], known.mid_twice)
            counted = [filled, worth]
            if order.is_open:
                self.children[name] = left
        elif not manager.knows(name):
            return
        elif child.left:  # ended so long ago that only its name is known: all of it may have been executed
            self.measure.add(child.left, child.left * known.mid_twice // 2, known.mid_twice)
            self.alert(f"child {name} is forgotten: {child.left} units of it are counted as done")
        self._known[name] = counted

    def _stand_still(self, known: ParentMemory) -> None:
        """Ask for nothing: what was counted in other units would be guessed at."""
        self.alert(
            f"it was counted in {', '.join(known.instruments)} and would be in {', '.join(self._counted_in)} now: it "
            "does not go on; ask for what is left under another name"
        )
        self.has_ended = True
        self._cancel_open(known)
        self.retire()

    def _leave(self, known: ParentMemory) -> None:
        """Let go of another request's parent under the same name: what it has open is cancelled."""
        self.alert("the request has changed since the restart: what the one before it has open is cancelled")
        self._cancel_open(known)

    def _cancel_open(self, known: ParentMemory) -> None:
        for child in known.children:
            order = self.context.manager.order(child.name)
            if order is not None and order.is_open:
                self.cancel(child.name)

    def _memory(self) -> bytes:
        """Return all that is to be known after a restart. Raises StrategyError where it is too much."""
        measure = self.measure
        late = (name for name in reversed(self._known) if name not in self.children)
        ended = list(islice(late, ENDED_CHILDREN_MAX))[::-1]
        data = pack(
            ParentMemory(
                algorithm=algorithm_name(type(self)),
                request=self._request,
                instruments=self._counted_in,
                state=self._final or WORKING,
                reason=self._reason,
                ending=self.ending,
                quantity=self.quantity,
                filled=self.filled,
                started_ns=self.started_ns,
                arrived_ns=self.arrived_ns,
                sums=[] if measure is None else [str(each) for each in measure.state()],
                mid_twice=self.bid + self.ask or self._mid_twice,
                child_count=self.child_count,
                children=[self._child(name) for name in self.children],
                ended=[] if self._final else [self._child(name) for name in ended],
                place=[] if measure is None else self.place_now(),
            )
        )
        if len(data) > MEMORY_MAX:
            raise StrategyError(f"{len(self.children)} children are open, too many to be remembered: send larger ones")
        return data

    def _child(self, name: str) -> ChildMemory:
        filled, worth = self._known[name]
        return ChildMemory(name, self.children.get(name, 0), filled, str(worth))

    def _count(self, name: str, quantity: int, price: int) -> None:
        """Count an execution of a child, or of a negative quantity one that was taken back."""
        assert self.measure is not None
        self.measure.fill(quantity, price, self.bid + self.ask or self._mid_twice)
        counted = self._known[name]
        counted[0] += quantity
        counted[1] += quantity * price
