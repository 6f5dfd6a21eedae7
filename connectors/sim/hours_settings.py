"""When a simulated venue trades, as typed settings: sessions, halts and auctions as tables that are made beforehand."""

import enum

import msgspec

from connectors.sim.account_settings import DAY_NS, check_times

SESSIONS_MAX = 16_384
HALTS_MAX = 1_024
ALWAYS_OPEN = "24/7"
Spans = tuple[tuple[int, int], ...]


class OutsideModel(enum.StrEnum):
    """What becomes of an order that arrives while nothing is matched."""

    REFUSE = "refuse"
    WAIT = "wait"  # it is accepted and waits for trading to begin


class AuctionModel(enum.StrEnum):
    """How orders that waited trade once trading begins; `auction.py` has the models."""

    NONE = "none"  # one after the other, at the first touch
    PRINT = "print"  # all at the official price: the first trade, or the bar's open or close


class HoursSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tables of spans in ns, each from its first to before its second time, rising and apart. Raises ValueError.

    `sessions` by instrument or by calendar (an instrument's `calendar`): rows of (open, close). An instrument whose
    calendar is "24/7" and that no table names is always open. `halts` by instrument: rows of (halt, resume).
    `python -m research.calendars` makes tables of sessions.
    """

    sessions: dict[str, Spans] = {}
    halts: dict[str, Spans] = {}
    closed: OutsideModel = OutsideModel.REFUSE
    halted: OutsideModel = OutsideModel.WAIT
    auction: AuctionModel = AuctionModel.NONE
    opening_call_ns: int = 0  # how long before the open orders are let in to wait for it, where others are refused
    closing_call_ns: int = 0  # how long before the close orders wait for its auction, and nothing else is matched
    print_wait_ns: int = 60_000_000_000  # how long an auction waits for its print

    def __post_init__(self) -> None:
        """Refuse spans that overlap or end before they begin, and calls for an auction that is not held."""
        for name, tables, most in (("sessions", self.sessions, SESSIONS_MAX), ("halts", self.halts, HALTS_MAX)):
            for key, spans in tables.items():
                if not spans:
                    raise ValueError(f"{name}.{key} has no row: give rows of two times in ns, or leave it out")
                check_times(f"{name}.{key}", [time_ns for span in spans for time_ns in span], 2 * most)
        for name in ("opening_call_ns", "closing_call_ns"):
            if not 0 <= getattr(self, name) < DAY_NS:
                raise ValueError(f"{name} is {getattr(self, name)}: give a time in ns, 0 or more, less than a day")
        if self.print_wait_ns <= 0:
            raise ValueError(f"print_wait_ns is {self.print_wait_ns}: give a time in ns above 0")
        if self.closing_call_ns and self.auction is AuctionModel.NONE:
            raise ValueError('closing_call_ns goes with auction = "print": without it nothing ends the call')
