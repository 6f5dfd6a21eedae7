"""What the simulated venue assumes, as typed settings; ADR 0005 says why these defaults."""

import enum

import msgspec

from core.money import MONEY_DECIMALS

PPM = 1_000_000


class QueueModel(enum.StrEnum):
    """How the queue ahead of a resting order is estimated: one model, named so that settings state it."""

    # Whoever cancels stood behind us, unless the venue shows less than we thought to be ahead.
    RISK_AVERSE = "risk-averse"


class FeeCurrency(enum.StrEnum):
    """In what a fee is paid."""

    QUOTE = "quote"  # the currency in which the instrument's profit is counted
    RECEIVED = "received"  # as Binance spot does without BNB: what the fill brings in, the base for a purchase


class SimSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Latencies in ns, fees in parts per million of the notional (negative: a rebate). Raises ValueError.

    Matching happens on our reception clock, so `entry_latency_ns` holds the market data's way to us as well as
    the order's way out, and the sum of both latencies is the round trip that a client measures.
    """

    entry_latency_ns: int = 6_000_000
    response_latency_ns: int = 2_000_000
    maker_fee_ppm: int = 1_000
    taker_fee_ppm: int = 1_000
    fee_currency: FeeCurrency = FeeCurrency.QUOTE
    fee_decimals: int = 8
    queue_model: QueueModel = QueueModel.RISK_AVERSE
    print_lag_ns: int = 150_000_000  # how much later a trade may be printed than the quote shows it

    def __post_init__(self) -> None:
        """Refuse times that run backwards and fees that no venue takes."""
        for name in ("entry_latency_ns", "response_latency_ns", "print_lag_ns"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give a time in ns, 0 or more")
        for name in ("maker_fee_ppm", "taker_fee_ppm"):
            if abs(getattr(self, name)) >= PPM:
                raise ValueError(f"{name} is {getattr(self, name)}: give parts per million, 1000 for 0.1 %")
        if not 0 <= self.fee_decimals <= MONEY_DECIMALS:
            raise ValueError(f"fee_decimals is {self.fee_decimals}: give 0 to {MONEY_DECIMALS}")
