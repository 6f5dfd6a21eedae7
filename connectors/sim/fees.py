"""What a fill costs: exact, rounded against us to the decimals in which the venue books commissions.

Rates are parts per million of the notional by *tier*: the traded volume of the 30 days before today (UTC) decides
today's tier, as Binance's fee levels do ("trading volume is evaluated over a 30-day period, every day"). A minimum is
per order, as Interactive Brokers' is: the first fills pay it, later ones only what the rates bring beyond it.

Every rate is kept as a fraction that takes price units times quantity units straight to fee units (10^-fee_decimals);
an inverse contract's takes quantity units over price units, and is not compiled.
Bounds of the compiled form: price times the rate's numerator, and the fee itself, stay below 2**63; the product of
price and quantity need not. `bounds.py` asks before a compiled run.
"""

from dataclasses import dataclass
from math import gcd

from connectors.sim.settings import TIERS_MAX, FeeCurrency, SimSettings
from core.decimals import to_units
from core.hot import Ints, ints
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import Liquidity, Side

DAYS = 30
DAY_NS = 86_400_000_000_000
VOLUME_DECIMALS = 2  # traded volume is counted in hundredths of the quote currency
_MAKER, _TAKER, BASE = 0, 1, 2  # a rate's place within its tier: maker or taker, plus BASE where paid in the base
RATES = 4
_CHUNK_BITS = 21
_CHUNK = 1 << _CHUNK_BITS
_SPLIT = 10**12
_PRODUCT_MAX = 1 << 62
_PPM_DECIMALS = 6


@dataclass(slots=True)
class FeeTable:
    """One instrument's rates, four a tier; `multiplier / (divisor * divisor_rest)` fee units a price times quantity."""

    in_base: bool = False  # purchases pay in what they bring in, as Binance spot does without BNB
    inverse: bool = False  # worth `quantity * multiplier / price` of the base: the rates are over a price
    minimum: int = 0  # fee units an order, 0 for none
    multipliers: Ints = ints(TIERS_MAX * RATES)
    divisors: Ints = ints(TIERS_MAX * RATES)
    divisor_rests: Ints = ints(TIERS_MAX * RATES)
    volume_multiplier: int = 1
    volume_divisor: int = 1
    volume_divisor_rest: int = 1


@dataclass(slots=True)
class Volume:
    """The venue's view of what we traded, in hundredths: `days` is a ring of the last 30, `total` their sum."""

    tier_count: int = 1
    tier: int = 0
    day: int = 0  # since the epoch, 0 before the first fill
    today: int = 0
    total: int = 0
    days: Ints = ints(DAYS)
    thresholds: Ints = ints(TIERS_MAX)


def scaled_up(factor: int, quantity: int, divisor: int, divisor_rest: int) -> int:
    """Return `factor * quantity / (divisor * divisor_rest)` rounded up, exactly; the quantity is above 0.

    Long division in chunks of 21 bits, so nothing wraps for a divisor up to 2**40, a quantity and a result below
    2**63. `ceil(ceil(x / a) / b)` is `ceil(x / (a * b))`.
    """
    whole = factor // divisor
    part = factor - whole * divisor
    if divisor <= _PRODUCT_MAX // quantity:  # it would not wrap
        return -(-(whole * quantity - (-part * quantity // divisor)) // divisor_rest)
    quotient = 0
    rest = 0
    for shift in range(2, -1, -1):
        chunk = (quantity >> (shift * _CHUNK_BITS)) & (_CHUNK - 1)
        rest = rest * _CHUNK + part * chunk
        quotient = quotient * _CHUNK + rest // divisor
        rest = rest % divisor
    result = whole * quantity + quotient
    if rest > 0:
        result += 1
    return -(-result // divisor_rest)


def fill_fee(table: FeeTable, tier: int, is_buy: bool, is_taker: bool, price: int, quantity: int) -> int:
    """Return one fill's fee in fee units by the rate alone; a rebate is negative and rounded towards zero."""
    place = tier * RATES
    if is_taker:
        place += _TAKER
    if table.inverse:
        over = table.divisors[place] * price
        return scaled_up(table.multipliers[place], quantity, over, table.divisor_rests[place])
    factor = price
    if table.in_base and is_buy:
        place += BASE
        factor = 1
    return scaled_up(factor * table.multipliers[place], quantity, table.divisors[place], table.divisor_rests[place])


def traded_volume(table: FeeTable, price: int, quantity: int) -> int:
    """Return what a fill adds to the volume of the tiers, in hundredths, rounded down; its face if inverse."""
    factor = -price * table.volume_multiplier
    if table.inverse:
        factor = -table.volume_multiplier
    return -scaled_up(factor, quantity, table.volume_divisor, table.volume_divisor_rest)


def tier_of(volume: Volume) -> int:
    """Return the highest tier whose threshold the 30 days have reached."""
    tier = 0
    for place in range(1, volume.tier_count):
        if volume.total >= volume.thresholds[place]:
            tier = place
    return tier


def roll_days(volume: Volume, now_ns: int) -> None:
    """Close the days that have passed by `now_ns` and choose the tier anew."""
    day = now_ns // DAY_NS
    if volume.day == 0:
        volume.day = day
        volume.tier = tier_of(volume)
    if day <= volume.day:
        return
    for passed in range(volume.day, min(day, volume.day + DAYS + 1)):
        place = passed % DAYS
        volume.total += volume.today - volume.days[place]
        volume.days[place] = volume.today
        volume.today = 0
    volume.day = day
    volume.tier = tier_of(volume)


HOT = (scaled_up, fill_fee, traded_volume, tier_of, roll_days)


def fee_unit(settings: SimSettings) -> int:
    """Return a fee unit as money."""
    unit: int = 10 ** (MONEY_DECIMALS - settings.fee_decimals)
    return unit


def fee_table(settings: SimSettings, instrument: Instrument) -> FeeTable:
    """Return an instrument's rates under the settings."""
    table = FeeTable(
        in_base=settings.fee_currency is FeeCurrency.RECEIVED and instrument.holds_base,
        minimum=to_units(settings.minimum_fee, settings.fee_decimals),
        inverse=instrument.inverse,
    )
    per_price = -instrument.price_precision if instrument.inverse else instrument.price_precision
    precision = per_price + instrument.size_precision
    tiers = [(tier.maker_fee_ppm, tier.taker_fee_ppm) for tier in settings.fee_tiers]
    for tier, (maker_ppm, taker_ppm) in enumerate(tiers or [(settings.maker_fee_ppm, settings.taker_fee_ppm)]):
        for place, ppm in ((_MAKER, maker_ppm), (_TAKER, taker_ppm)):
            quote = _fraction(ppm * instrument.multiplier, precision + _PPM_DECIMALS - settings.fee_decimals)
            base = _fraction(ppm, instrument.size_precision + _PPM_DECIMALS - settings.fee_decimals)
            for where, fraction in ((place, quote), (place + BASE, base)):
                at = tier * RATES + where
                table.multipliers[at], table.divisors[at], table.divisor_rests[at] = fraction
    shown = instrument.size_precision if instrument.inverse else precision
    told = _fraction(instrument.multiplier, shown - VOLUME_DECIMALS)
    table.volume_multiplier, table.volume_divisor, table.volume_divisor_rest = told
    return table


def start_volume(settings: SimSettings) -> Volume:
    """Return the volume that the settings say was traded before, spread over the 30 days."""
    unit: int = 10**VOLUME_DECIMALS
    volume = Volume(tier_count=max(len(settings.fee_tiers), 1), total=settings.volume_before * unit)
    for place in range(DAYS):
        volume.days[place] = volume.total // DAYS
    volume.days[0] += volume.total % DAYS
    for place, tier in enumerate(settings.fee_tiers):
        volume.thresholds[place] = tier.volume * unit
    return volume


def fee_of(
    settings: SimSettings, instrument: Instrument, side: Side, price: int, quantity: int, liquidity: Liquidity
) -> tuple[int, str]:
    """Return (money, currency) of one fill in the first tier. Positive is paid; a rebate is negative.

    Binance: "the received amount is multiplied with the sum of the rates", which for a sale is the notional.
    """
    table = fee_table(settings, instrument)
    is_buy = side is Side.BUY
    fee = fill_fee(table, 0, is_buy, liquidity is Liquidity.TAKER, price, quantity)
    return fee * fee_unit(settings), instrument.base if table.in_base and is_buy else instrument.currency


def _fraction(numerator: int, decimals: int) -> tuple[int, int, int]:
    """Return (multiplier, divisor, rest) of `numerator / 10^decimals` in lowest terms, divisors within 10^12."""
    denominator = 1
    if decimals < 0:
        numerator *= 10**-decimals
    else:
        denominator = 10**decimals
    common = gcd(numerator, denominator)
    numerator, denominator = numerator // common, denominator // common
    divisor = gcd(denominator, _SPLIT)
    return numerator, divisor, denominator // divisor
