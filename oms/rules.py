"""How the books are kept: what a person chose in `[accounting]`, for the order manager and the gate."""

import enum
from dataclasses import dataclass


class LotMethod(enum.StrEnum):
    """Which tax lots a closing execution takes."""

    AVERAGE = "average"  # none: the position's average cost is the one pool
    FIFO = "fifo"  # the oldest first
    LIFO = "lifo"  # the newest first


@dataclass(frozen=True, kw_only=True)
class AccountingRules:
    """The choices; the defaults change nothing about a session from before there were any.

    `fee_reserve_ppm` is held of an open spot order's value for its fee, in millionths.
    """

    lots: LotMethod = LotMethod.AVERAGE
    base_currency: str = ""
    hedging: bool = False
    check_balances: bool = False
    fee_reserve_ppm: int = 1_000

    @property
    def unusual(self) -> tuple[str, ...]:
        """The settings that ask for more than average cost, one net position an instrument and unchecked balances."""
        asked = (
            ("accounting.lots", self.lots is not LotMethod.AVERAGE),
            ("accounting.base_currency", bool(self.base_currency)),
            ("accounting.hedging", self.hedging),
            ("accounting.check_balances", self.check_balances),
        )
        return tuple(name for name, is_asked in asked if is_asked)
