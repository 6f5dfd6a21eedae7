"""How often a venue is asked, and how much is believed of what it says."""

import enum

import msgspec

_SECOND_NS = 1_000_000_000


class ForeignPolicy(enum.StrEnum):
    """What is done about orders on the account that are not ours. None of them is cancelled."""

    ADOPT = "adopt"  # taken into the books, under no strategy's name
    IGNORE = "ignore"  # told once
    HALT = "halt"  # nothing is opened until the operator says so


class ReconcileSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of reconciliation with each of `venues`; all times in ns."""

    venues: tuple[str, ...]
    foreign: ForeignPolicy = ForeignPolicy.HALT
    tick_ns: int = _SECOND_NS  # how often it is looked whether anything is due
    sweep_ns: int = 15 * _SECOND_NS  # between sweeps of orders and fills while orders work
    account_ns: int = 60 * _SECOND_NS  # between comparisons of balances and positions
    overlap_ns: int = 60 * _SECOND_NS  # fills are asked for from this long before the last that was seen
    patience_ns: int = _SECOND_NS  # a request without an answer for this long is asked for
    ask_max_ns: int = 32 * _SECOND_NS  # and again at twice the time, up to this
    answer_ns: int = 30 * _SECOND_NS  # a question without an answer for this long has failed
    visibility_ns: int = 30 * _SECOND_NS  # how far a venue's answers may lag behind its own matching
    negatives: int = 3  # how often an order must be absent, the last time past the visibility lag
    infer_ns: int = 10 * _SECOND_NS  # a fill that only a cumulative quantity tells is believed after this
    page_ns: int = 60 * _SECOND_NS  # a person is told of an order that is UNKNOWN for this long
    confirmations: int = 4  # how often figures must differ, at 1, 2, 4, ... s, before that is a break
    tries: int = 4  # how often a question about one instrument or order may fail before the rest goes on
    reject_streak: int = 5  # rejections in a row after which an instrument is compared and pauses
    pause_ns: int = 30 * _SECOND_NS
    look_back: bool = False
    """Ask, too, for money that the venue moved and executions that it took back, and keep what a person accepted.

    False where nothing says otherwise, so that sessions of before there was such a thing replay as they were.
    """
