"""What a simulated venue does to the account beside filling orders, as typed settings: funding, borrow, margin."""

import enum
from itertools import pairwise

import msgspec

from core.decimals import to_units
from core.errors import PrecisionError

PPM = 1_000_000
E8 = 100_000_000
HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
RATES_MAX = 16_384
BRACKETS_MAX = 16
LEVERAGE_MAX = 125


class MarkModel(enum.StrEnum):
    """The price at which a venue values positions, for which a real one has an index of several venues."""

    MID = "mid"  # the middle of the touch, the last trade where there is none
    LAST = "last"  # the last trade, the middle of the touch where there is none


class FundingModel(enum.StrEnum):
    """What holders of perpetual contracts pay each other; `carry.py` has the models with their sources."""

    NONE = "none"
    CONSTANT = "constant"  # one rate at even times
    TABLE = "table"  # rates with their times, by instrument


class BorrowModel(enum.StrEnum):
    """What a short position in something that must be borrowed costs a day; `carry.py` has the models."""

    NONE = "none"
    VALUE = "value"  # of its value
    COLLATERAL = "collateral"  # of the collateral: 102 % of the price, rounded up to the whole unit of currency


class FundingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Funding of perpetual contracts. Rates in 10^-8 of the notional: 10_000 is 0.01 %. Raises ValueError.

    `rates` by instrument: rows of (time_ns, rate), times rising.
    """

    model: FundingModel = FundingModel.NONE
    rate_e8: int = 10_000
    interval_ns: int = 8 * HOUR_NS
    offset_ns: int = 0  # how long after 00:00 UTC the first of a day is
    rates: dict[str, tuple[tuple[int, int], ...]] = {}
    mark: MarkModel = MarkModel.MID

    def __post_init__(self) -> None:
        """Refuse rates beyond the whole, intervals that do not fill a day, and a model without its figures."""
        check_steps(self.interval_ns, self.offset_ns)
        if (self.model is FundingModel.TABLE) != bool(self.rates):
            raise ValueError(
                f"rates names {len(self.rates)} instruments under model {self.model.value!r}: "
                'give rows of [time_ns, rate_e8] by instrument for model "table", and none for another'
            )
        rates = [self.rate_e8]
        for instrument, rows in self.rates.items():
            check_times(f"rates.{instrument}", [time_ns for time_ns, _ in rows], RATES_MAX)
            rates += [rate for _, rate in rows]
        for rate in rates:
            if abs(rate) >= E8:
                raise ValueError(f"a funding rate is {rate}: give 10^-8 of the notional, 10000 for 0.01 %")


class BorrowSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shorts pay for what they borrow, in parts per million a year; `rates_ppm` by instrument goes first."""

    model: BorrowModel = BorrowModel.NONE
    rate_ppm: int = 0
    rates_ppm: dict[str, int] = {}
    days: int = 360  # in the year of the rate
    day_end_ns: int = 0  # how long after 00:00 UTC a day ends
    mark: MarkModel = MarkModel.LAST

    def __post_init__(self) -> None:
        """Refuse rates below 0 and years that no venue counts by."""
        for rate in (self.rate_ppm, *self.rates_ppm.values()):
            if not 0 <= rate <= 100 * PPM:
                raise ValueError(f"a borrow rate is {rate}: give parts per million a year, 0 to {100 * PPM}")
        if self.days not in {360, 365}:
            raise ValueError(f"days is {self.days}: give 360 or 365")
        check_steps(DAY_NS, self.day_end_ns)


class Bracket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tier of position size, as Binance's /fapi/v1/leverageBracket gives it; notionals in whole units.

    `cum` is the maintenance amount: decimal, worked out where it is empty.
    """

    notional_floor: int
    notional_cap: int
    maintenance_ppm: int
    initial_leverage: int
    cum: str = ""

    def __post_init__(self) -> None:
        """Refuse tiers that hold nothing and rates that no venue has."""
        if not 0 <= self.notional_floor < self.notional_cap:
            raise ValueError(f"a bracket goes from {self.notional_floor} to {self.notional_cap}: let it rise")
        if not 0 < self.maintenance_ppm <= PPM:
            raise ValueError(f"maintenance_ppm is {self.maintenance_ppm}: give parts per million, 4000 for 0.4 %")
        check_leverage("initial_leverage", self.initial_leverage)


class MarginSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cross margin, by venue: one wallet a currency backs all contracts that are settled in it. Raises ValueError.

    `wallets`: by venue, decimal amounts by currency: what of the account's balances lies there at the start. A venue
    without a wallet checks no margin. `leverage` and `brackets` by instrument; an instrument without brackets has one,
    of the rates that its definition tells, and no leverage of its own.
    """

    wallets: dict[str, dict[str, str]] = {}
    default_leverage: int = 20
    leverage: dict[str, int] = {}
    brackets: dict[str, tuple[Bracket, ...]] = {}
    liquidation_fee_ppm: int = 10_000
    mark: MarkModel = MarkModel.MID

    def __post_init__(self) -> None:
        """Refuse amounts that are none, leverage beyond the venues', and tiers that leave a gap."""
        check_leverage("default_leverage", self.default_leverage)
        for instrument, leverage in self.leverage.items():
            check_leverage(f"leverage.{instrument}", leverage)
        if not 0 <= self.liquidation_fee_ppm < PPM:
            raise ValueError(f"liquidation_fee_ppm is {self.liquidation_fee_ppm}: give 0 to {PPM - 1}")
        for instrument, brackets in self.brackets.items():
            check_brackets(instrument, brackets)


def wallet_units(amount: str, decimals: int) -> int | None:
    """Return a decimal amount in units of 10^-decimals, None where it is none or below 0."""
    try:
        units = to_units(amount, decimals)
    except PrecisionError:
        return None
    return units if units >= 0 else None


def maintenance_amounts(brackets: tuple[Bracket, ...]) -> list[int]:
    """Return each tier's maintenance amount in millionths of a whole unit.

    "Floor of Position Bracket on Level n * difference between Maintenance Margin Rate on Level n and Level n-1, +
    Maintenance Amount on Level n-1" (Binance): what makes the maintenance margin grow without a jump.
    """
    amounts = [0]
    for lower, upper in pairwise(brackets):
        amounts.append(amounts[-1] + upper.notional_floor * (upper.maintenance_ppm - lower.maintenance_ppm))
    return amounts


def check_brackets(instrument: str, brackets: tuple[Bracket, ...]) -> None:
    """Refuse tiers with a gap between them, or whose maintenance amounts make a jump."""
    if not 1 <= len(brackets) <= BRACKETS_MAX:
        raise ValueError(f"brackets.{instrument} has {len(brackets)} tiers: give 1 to {BRACKETS_MAX}")
    if brackets[0].notional_floor:
        raise ValueError(f"brackets.{instrument} begins at {brackets[0].notional_floor}: begin with 0")
    for lower, upper in pairwise(brackets):
        if upper.notional_floor != lower.notional_cap:
            raise ValueError(
                f"brackets.{instrument} has a tier to {lower.notional_cap} and one from {upper.notional_floor}: "
                "let each begin where the one before ends"
            )
    for bracket, amount in zip(brackets, maintenance_amounts(brackets), strict=True):
        if bracket.cum and wallet_units(bracket.cum, 6) != amount:
            raise ValueError(
                f"brackets.{instrument} has cum {bracket.cum} from {bracket.notional_floor} on where the rates make "
                f"{amount / PPM:g}: correct it, or leave it out"
            )


def check_leverage(name: str, leverage: int) -> None:
    """Refuse what no venue offers."""
    if not 1 <= leverage <= LEVERAGE_MAX:
        raise ValueError(f"{name} is {leverage}: give 1 to {LEVERAGE_MAX}")


def check_steps(interval_ns: int, offset_ns: int) -> None:
    """Want steps that fill a day evenly, the first of them within it."""
    if interval_ns <= 0 or DAY_NS % interval_ns:
        raise ValueError(f"interval_ns is {interval_ns}: give a time that fits a day evenly, {8 * HOUR_NS} for 8 hours")
    if not 0 <= offset_ns < interval_ns:
        raise ValueError(f"a day's first time is {offset_ns} ns after 00:00 UTC: give 0 to {interval_ns - 1}")


def check_times(name: str, times: list[int], most: int) -> None:
    """Want rows whose times rise, and not too many."""
    if len(times) > most:
        raise ValueError(f"{name} has {len(times)} rows: give at most {most}")
    if any(first >= second for first, second in pairwise(times)):
        raise ValueError(f"{name} is out of order: let the times rise from row to row")
