"""Requests that wait for their answer, and what each kind of answer means for the orders it was about."""

import enum

import msgspec

from connectors.binance.trading.outbox import Waiting
from core.orders import ApprovedCancel, ApprovedCommand, ApprovedGroup, ApprovedSubmit


class CallKind(enum.StrEnum):
    """What was asked for."""

    PLACE = "place"
    GROUP = "group"
    CANCEL = "cancel"
    BATCH = "batch"  # several cancels
    ALL = "all"  # all that works at a symbol, each by a cancel of its own
    REPLACE = "replace"  # cancel-replace
    AMEND = "amend"  # in place: the order keeps its number
    LOGON = "logon"
    SUBSCRIBE = "subscribe"


class Call(msgspec.Struct):
    """One request under way. `connection` 0: it went by REST."""

    number: int
    kind: CallKind
    connection: int
    sent_ns: int
    items: tuple[Waiting, ...] = ()  # the commands that it is about; several for a batch
    is_algo: bool = False
    answered: bool = False  # the private stream told what became of it
    told_unknown: bool = False
    numbers: tuple[str, ...] = ()  # of ALL: by which the venue knows the orders, as `items`
    told: tuple[str, ...] = ()  # the orders whose end the private stream told
    settle_ns: int = 0  # a cancel that was acknowledged: its end is told then, unless the stream does before

    @property
    def command(self) -> ApprovedCommand:
        """The command that it is about; of a batch, the first."""
        return self.items[0].command


def names_of(command: ApprovedCommand) -> tuple[tuple[int, str], ...]:
    """Return (instrument, client order id) of every order that a command is about."""
    if isinstance(command, ApprovedSubmit):
        return ((command.intent.instrument, command.intent.client_order_id),)
    if isinstance(command, ApprovedGroup):
        return tuple((each.intent.instrument, each.intent.client_order_id) for each in command.orders)
    return ((command.instrument, command.client_order_id),)


def kind_of(command: ApprovedCommand) -> CallKind:
    """Return what a command asks for."""
    if isinstance(command, ApprovedSubmit):
        return CallKind.PLACE
    if isinstance(command, ApprovedGroup):
        return CallKind.GROUP
    return CallKind.CANCEL if isinstance(command, ApprovedCancel) else CallKind.REPLACE
