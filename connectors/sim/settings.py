"""What the simulated venue assumes, as typed settings; ADR 0005 says why these defaults."""

import enum
from itertools import pairwise
from typing import Annotated

import msgspec

from connectors.sim.account_settings import (
    BorrowModel,
    BorrowSettings,
    FundingModel,
    FundingSettings,
    MarginSettings,
    wallet_units,
)
from connectors.sim.hours_settings import HoursSettings
from core.decimals import to_units
from core.errors import PrecisionError
from core.money import MONEY_DECIMALS

PPM = 1_000_000
TIERS_MAX = 16
RECORDED_MAX = 16_384


class QueueModel(enum.StrEnum):
    """How the queue ahead of a resting order is estimated; `queues.py` has them with their sources."""

    # Whoever cancels stood behind us, unless the venue shows less than we thought to be ahead.
    RISK_AVERSE = "risk-averse"
    PRO_RATA = "pro-rata"  # cancels fall evenly over the queue
    POWER = "power"
    POWER_TOTAL = "power-total"
    POWER_FRONT = "power-front"
    LOG = "log"
    LOG_TOTAL = "log-total"
    OPTIMISTIC = "optimistic"  # whoever cancels stood ahead of us: the other end of what is possible
    FIFO = "fifo"  # no estimate: the market by order tells who stands before us; other data is refused


class FeeCurrency(enum.StrEnum):
    """In what a fee is paid."""

    QUOTE = "quote"  # the currency in which the instrument's profit is counted
    RECEIVED = "received"  # as Binance spot does without BNB: what the fill brings in, the base for a purchase


class LatencyModel(enum.StrEnum):
    """How long something travels; `delays.py` has the models."""

    CONSTANT = "constant"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"
    RECORDED = "recorded"


class ImpactModel(enum.StrEnum):
    """By how much a taker worsens his prices; `impact.py` has the models with their sources."""

    NONE = "none"
    TICKS = "ticks"
    LINEAR_DEPTH = "linear-depth"
    LINEAR_VOLUME = "linear-volume"
    SQUARE_ROOT = "square-root"


class LatencySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way's delay in ns. `least_ns`: the constant, or what the drawn part comes on top of. Raises ValueError."""

    model: LatencyModel = LatencyModel.CONSTANT
    least_ns: int = 0
    spread_ns: int = 0  # uniform: the most on top; lognormal: the median on top
    deviation_ppm: int = 500_000  # lognormal: the standard deviation of the logarithm, in millionths
    recorded: tuple[tuple[int, int], ...] = ()  # recorded: (time_ns, delay_ns), times ascending

    def __post_init__(self) -> None:
        """Refuse times that run backwards, and a model without its figures."""
        for name in ("least_ns", "spread_ns", "deviation_ppm"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected 0 or more")
        is_recorded = self.model is LatencyModel.RECORDED
        if is_recorded != bool(self.recorded):
            raise ValueError(
                f"recorded has {len(self.recorded)} rows under model {self.model.value!r}: "
                'expected rows of [time_ns, delay_ns] for model "recorded", and none for another'
            )
        if len(self.recorded) > RECORDED_MAX:
            raise ValueError(f"recorded has {len(self.recorded)} rows: expected at most {RECORDED_MAX}")
        if any(delay_ns < 0 for _, delay_ns in self.recorded):
            raise ValueError("recorded has a negative delay: expected delays of 0 ns or more")
        if any(first >= second for (first, _), (second, _) in pairwise(self.recorded)):
            raise ValueError("recorded is out of order: expected times that rise from row to row")


class FeeTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates from a 30-day volume (whole units of the quote currency) on."""

    volume: int
    maker_fee_ppm: int
    taker_fee_ppm: int

    def __post_init__(self) -> None:
        """Refuse a volume below 0 and fees that no venue takes."""
        if self.volume < 0:
            raise ValueError(f"volume is {self.volume}: expected 0 or more, in whole units of the quote currency")
        _check_rates(self.maker_fee_ppm, self.taker_fee_ppm)


class ImpactSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How takers worsen their prices. Volumes are whole units of the base a day, by instrument. Raises ValueError."""

    model: ImpactModel = ImpactModel.NONE
    ticks: int = 1  # ticks: always; linear-depth: for each time the touch's quantity
    coefficient_ppm: int = PPM
    volatility_ppm: int = 20_000  # of a day
    daily_volumes: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Refuse what would improve prices, and volumes that no market has."""
        for name in ("ticks", "coefficient_ppm", "volatility_ppm"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected 0 or more")
        for instrument, volume in self.daily_volumes.items():
            if volume <= 0:
                raise ValueError(f"daily_volumes.{instrument} is {volume}: expected 1 or more units of the base")

    @property
    def needs_volume(self) -> bool:
        """Whether the model asks for a daily volume."""
        return self.model in {ImpactModel.LINEAR_VOLUME, ImpactModel.SQUARE_ROOT}


class SimOverrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds at one venue in place of the same key of `SimSettings`; a table takes the place of the whole table."""

    entry_latency_ns: int | None = None
    response_latency_ns: int | None = None
    entry_latency: LatencySettings | None = None
    response_latency: LatencySettings | None = None
    feed_latency: LatencySettings | None = None
    latency_seed: int | None = None
    maker_fee_ppm: int | None = None
    taker_fee_ppm: int | None = None
    fee_currency: FeeCurrency | None = None
    fee_decimals: int | None = None
    fee_tiers: tuple[FeeTier, ...] | None = None
    volume_before: int | None = None
    minimum_fee: str | None = None
    queue_model: QueueModel | None = None
    queue_shape: int | None = None
    print_lag_ns: int | None = None
    refill_ns: int | None = None
    impact: ImpactSettings | None = None
    bar_half_spread_ppm: int | None = None
    bar_touch_fills: bool | None = None
    bar_join_ns: int | None = None
    funding: FundingSettings | None = None
    borrow: BorrowSettings | None = None
    hours: HoursSettings | None = None
    margin: MarginSettings | None = None


VenueInCapitals = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Z][A-Z0-9_-]{0,15}$", description='a venue as instruments name it, such as "BINANCE"'),
]
# What one venue is given as a constant must not lose to a model that is meant for all.
_MODEL_OF = {
    "entry_latency_ns": "entry_latency",
    "response_latency_ns": "response_latency",
    "maker_fee_ppm": "fee_tiers",
    "taker_fee_ppm": "fee_tiers",
}
_NO_MODEL: dict[str, object] = {"entry_latency": None, "response_latency": None, "fee_tiers": ()}


class SimSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Latencies in ns, fees in parts per million of the notional (negative: a rebate). Raises ValueError.

    Matching happens on our reception clock, so `entry_latency_ns` holds the market data's way to us as well as
    the order's way out, and the sum of both latencies is the round trip that a client measures. A model of its own
    (`entry_latency`, `response_latency`, `feed_latency`) takes the place of the constant. `venues`: what holds at one
    venue in place of these, by its name in instrument ids (`at`).
    """

    entry_latency_ns: int = 6_000_000
    response_latency_ns: int = 2_000_000
    entry_latency: LatencySettings | None = None
    response_latency: LatencySettings | None = None
    feed_latency: LatencySettings | None = None  # none: part of the entry latency
    latency_seed: int = 1
    maker_fee_ppm: int = 1_000
    taker_fee_ppm: int = 1_000
    fee_currency: FeeCurrency = FeeCurrency.QUOTE
    fee_decimals: int = 8
    fee_tiers: tuple[FeeTier, ...] = ()  # in place of the two rates; the first from volume 0
    volume_before: int = 0  # traded in the 30 days before the start, in whole units of the quote currency
    minimum_fee: str = "0"  # an order's least fee, decimal
    queue_model: QueueModel = QueueModel.RISK_AVERSE
    queue_shape: int = 1  # the exponent of a power, or the units that count as 1 under a logarithm
    print_lag_ns: int = 150_000_000  # how much later a trade may be printed than the quote shows it
    refill_ns: int = 0  # after how long others refill a level that we took of; 0: when the level changes
    impact: ImpactSettings = ImpactSettings()
    bar_half_spread_ppm: int = 0  # what a taker pays beyond a bar's price, where there are only bars
    bar_touch_fills: bool = False  # whether a bar that only reaches a limit fills it
    bar_join_ns: int = 1_000_000_000  # how late after a bar's opening an order may join and still be served by it
    funding: FundingSettings = FundingSettings()
    borrow: BorrowSettings = BorrowSettings()
    hours: HoursSettings = HoursSettings()
    margin: MarginSettings = MarginSettings()
    venues: dict[VenueInCapitals, SimOverrides] = {}

    def at(self, venue: str) -> "SimSettings":
        """Return what holds at a venue, for which alone it is: `venues` is empty. Raises ValueError.

        A constant that the venue is given (`entry_latency_ns`, `maker_fee_ppm`) goes before the model for all
        (`entry_latency`, `fee_tiers`).
        """
        if not self.venues:
            return self
        chosen = self.venues.get(venue, SimOverrides())
        given = {name: value for name in chosen.__struct_fields__ if (value := getattr(chosen, name)) is not None}
        dropped = {_MODEL_OF[name]: _NO_MODEL[_MODEL_OF[name]] for name in given if name in _MODEL_OF}
        return msgspec.structs.replace(self, **{**dropped, **given, "venues": {}})

    def __post_init__(self) -> None:
        """Refuse times that run backwards and fees that no venue takes, at any venue."""
        self._check()
        for venue in self.venues:
            try:
                self.at(venue)
            except ValueError as error:
                raise ValueError(f"venues.{venue}.{error}") from error

    def _check(self) -> None:
        """Refuse what cannot be, or does not go together."""
        for name in ("entry_latency_ns", "response_latency_ns", "print_lag_ns", "refill_ns", "bar_join_ns"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give a time in ns, 0 or more")
        _check_rates(self.maker_fee_ppm, self.taker_fee_ppm)
        if not 0 <= self.fee_decimals <= MONEY_DECIMALS:
            raise ValueError(f"fee_decimals is {self.fee_decimals}: give 0 to {MONEY_DECIMALS}")
        if not 0 <= self.bar_half_spread_ppm < PPM:
            raise ValueError(f"bar_half_spread_ppm is {self.bar_half_spread_ppm}: give 0 to {PPM - 1}")
        if self.queue_shape < 1:
            raise ValueError(f"queue_shape is {self.queue_shape}: give 1 or more")
        if self.volume_before < 0:
            raise ValueError(f"volume_before is {self.volume_before}: give 0 or more")
        for venue, wallet in self.margin.wallets.items():
            for currency, amount in wallet.items():
                if wallet_units(amount, self.fee_decimals) is None:
                    raise ValueError(
                        f"margin.wallets.{venue}.{currency} is {amount!r}: give a decimal amount of 0 or more, of at "
                        f"most {self.fee_decimals} decimals"
                    )
        self._check_tiers()
        self._check_minimum()

    def _check_tiers(self) -> None:
        """Want tiers that begin at 0 and rise."""
        if len(self.fee_tiers) > TIERS_MAX:
            raise ValueError(f"fee_tiers has {len(self.fee_tiers)} tiers: give at most {TIERS_MAX}")
        volumes = [tier.volume for tier in self.fee_tiers]
        if volumes and (volumes[0] or volumes != sorted(set(volumes))):
            raise ValueError(f"fee_tiers has volumes {volumes}: begin with 0 and let them rise")

    def _check_minimum(self) -> None:
        """Want a minimum fee in whole fee units, in the one currency in which every fill is paid."""
        try:
            minimum = to_units(self.minimum_fee, self.fee_decimals)
        except PrecisionError as error:
            raise ValueError(
                f"minimum_fee is {self.minimum_fee!r}: give a decimal of at most {self.fee_decimals} decimals"
            ) from error
        if minimum < 0:
            raise ValueError(f"minimum_fee is {self.minimum_fee}: give 0 or more")
        if minimum and self.fee_currency is FeeCurrency.RECEIVED:
            raise ValueError('minimum_fee goes with fee_currency = "quote": an order may not pay it in two currencies')


def _check_rates(maker_ppm: int, taker_ppm: int) -> None:
    """Refuse fees that no venue takes."""
    for name, ppm in (("maker_fee_ppm", maker_ppm), ("taker_fee_ppm", taker_ppm)):
        if abs(ppm) >= PPM:
            raise ValueError(f"{name} is {ppm}: give parts per million, 1000 for 0.1 %")


def uncompilable(settings: SimSettings) -> list[str]:
    """Return the names of the chosen models that only the Python venue has (`exchange.py`), none for most settings."""
    names = []
    if settings.funding.model is not FundingModel.NONE:
        names.append(f"funding.model = {settings.funding.model.value!r}")
    if settings.borrow.model is not BorrowModel.NONE:
        names.append(f"borrow.model = {settings.borrow.model.value!r}")
    if settings.hours.sessions:
        names.append("hours.sessions")
    if settings.hours.halts:
        names.append("hours.halts")
    if settings.margin.wallets:
        names.append("margin.wallets")
    return names
