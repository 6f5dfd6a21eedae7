"""Commands that wait for their budget: cancels before what reduces before what opens, and nothing needlessly. Pure."""

from collections import deque

import msgspec

from connectors.binance.trading.budget import Urgency
from connectors.binance.trading.codes import Meaning
from connectors.binance.trading.names import stem_of
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedGroup, ApprovedReplace, ApprovedSubmit

_CLOCK_TRIES = 2  # a cancel whose time was outside of the window is sent so often
_CANCEL_TRIES = 20
_DOWN_TRIES = 1000


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A command, since when it waits, and how often it was sent in vain."""

    command: ApprovedCommand
    since_ns: int
    tries: int = 0


class Outbox:
    """Three queues. What a later command makes pointless is given back to be answered, never sent."""

    def __init__(self, most: int) -> None:
        """Let at most `most` opening commands wait; what cancels or reduces is never refused for want of room."""
        self._most = most
        self._queues: tuple[deque[Waiting], ...] = (deque(), deque(), deque())

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues)

    def is_clear(self, urgency: Urgency) -> bool:
        """Whether nothing that goes first, or is as urgent, waits."""
        cancels, reduces, opens = self._queues
        return not (cancels or (urgency >= Urgency.REDUCE and reduces) or (urgency >= Urgency.OPEN and opens))

    def put(self, waiting: Waiting, urgency: Urgency) -> list[Waiting]:
        """Let a command wait; return what is not to be sent any more, this command itself where there is no room.

        A cancel takes the place of an order that has not left and of a replacement of its order; a replacement takes
        the place of an earlier one. A cancel that waits already stands for both: its answer answers them.
        """
        dropped: list[Waiting] = []
        command = waiting.command
        if urgency is Urgency.CANCEL and any(each.command == command for each in self._queues[urgency]):
            return dropped
        if isinstance(command, ApprovedCancel | ApprovedReplace):
            dropped = self._supersede(command)
            if isinstance(command, ApprovedCancel) and any(_submits(each.command, command) for each in dropped):
                return [*dropped, waiting]
        if urgency is Urgency.OPEN and len(self._queues[urgency]) >= self._most:
            return [*dropped, waiting]
        self._queues[urgency].append(waiting)
        return dropped

    def put_back(self, waiting: Waiting, urgency: Urgency) -> None:
        """Let a command wait at the head of its queue: it was refused for want of budget."""
        self._queues[urgency].appendleft(waiting)

    def first(self) -> tuple[Waiting, Urgency] | None:
        """Return who goes next, None where nobody waits."""
        for urgency in Urgency:
            if self._queues[urgency]:
                return self._queues[urgency][0], urgency
        return None

    def pop(self, urgency: Urgency) -> Waiting:
        """Take the head of a queue."""
        return self._queues[urgency].popleft()

    def take_cancels(self, instrument: int, most: int) -> list[Waiting]:
        """Take up to `most` waiting cancels of one instrument, oldest first."""
        queue = self._queues[Urgency.CANCEL]
        taken = [each for each in queue if _cancels_of(each.command, instrument)][:most]
        for each in taken:
            queue.remove(each)
        return taken

    def count_cancels(self, instrument: int) -> int:
        """Return how many cancels of an instrument wait."""
        return sum(_cancels_of(each.command, instrument) for each in self._queues[Urgency.CANCEL])

    def take_old(self, before_ns: int) -> list[Waiting]:
        """Take the opening commands that have waited since before a time."""
        queue = self._queues[Urgency.OPEN]
        old: list[Waiting] = []
        while queue and queue[0].since_ns < before_ns:
            old.append(queue.popleft())
        return old

    def take_all_but_cancels(self) -> list[Waiting]:
        """Take everything that is no cancel: trading ends."""
        taken = [*self._queues[Urgency.REDUCE], *self._queues[Urgency.OPEN]]
        self._queues[Urgency.REDUCE].clear()
        self._queues[Urgency.OPEN].clear()
        return taken

    def _supersede(self, command: ApprovedCancel | ApprovedReplace) -> list[Waiting]:
        """Take out what a command makes pointless."""
        dropped: list[Waiting] = []
        for queue in self._queues:
            out = [each for each in queue if _supersedes(command, each.command)]
            for each in out:
                queue.remove(each)
            dropped += out
        return dropped


def _cancels_of(command: ApprovedCommand, instrument: int) -> bool:
    return isinstance(command, ApprovedCancel) and command.instrument == instrument


def _submits(command: ApprovedCommand, of: ApprovedCancel) -> bool:
    return isinstance(command, ApprovedSubmit) and command.intent.client_order_id == of.client_order_id


def _supersedes(command: ApprovedCancel | ApprovedReplace, waiting: ApprovedCommand) -> bool:
    """Whether a command makes a waiting one pointless. A list is one request: a cancel of a part waits behind it."""
    if isinstance(waiting, ApprovedGroup):
        return False
    if isinstance(waiting, ApprovedSubmit):
        return isinstance(command, ApprovedCancel) and _submits(waiting, command)
    if isinstance(waiting, ApprovedCancel):
        return False
    return waiting.client_order_id == (stem_of(command.client_order_id) or command.client_order_id)


def urgency_of(command: ApprovedCommand) -> Urgency:
    """Return who goes first, as far as the command itself tells."""
    if isinstance(command, ApprovedCancel):
        return Urgency.CANCEL
    if isinstance(command, ApprovedSubmit):
        intent = command.intent
        hedge = None if intent.terms is None else intent.terms.hedge
        # In hedge mode nothing is reduce-only: an order against its leg can only close it.
        closes_leg = hedge is not None and hedge is not intent.side
        return Urgency.REDUCE if intent.reduce_only or closes_leg else Urgency.OPEN
    return Urgency.OPEN


def may_repeat(waiting: Waiting, meaning: Meaning) -> bool:
    """Whether a cancel goes again: nothing was done with it, or the venue is out of service."""
    most = {Meaning.CLOCK: _CLOCK_TRIES, Meaning.BUSY: _CANCEL_TRIES, Meaning.DOWN: _DOWN_TRIES}
    return waiting.tries < most.get(meaning, 0)
