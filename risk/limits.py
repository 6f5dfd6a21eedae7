"""The limits as a person writes them, and as the checks compare them: whole numbers in the instrument's units.

A limit of 0 allows nothing; it never means "no limit". Only the limits that may be left out can be absent.
Whatever cannot be held exactly is cut towards the safer side.
"""

import zlib
from dataclasses import dataclass, replace

import msgspec

from core.decimals import plain
from core.errors import PrecisionError
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.scopes import ALL
from risk.breaker_settings import BreakerSettings, fraction
from risk.control_settings import ControlSettings
from risk.errors import LimitsError
from risk.rule_settings import RuleSettings, functions_of, needs_controls, rule_text

Number = int | float | str
DEVIATION_DECIMALS = 9
DEVIATION_UNIT: int = 10**DEVIATION_DECIMALS
NO_LIMIT: int = 2**62  # stands for a limit that is left out, where a figure may be any number


class InstrumentRisk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Limits of one instrument that differ from the general ones, `[risk.instruments."BTCUSDT.BINANCE"]`."""

    max_order_quantity: Number | None = None
    max_order_notional: Number | None = None
    max_position: Number | None = None
    max_position_notional: Number | None = None
    max_open_orders: int | None = None
    max_price_deviation: Number | None = None
    max_data_age_ms: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        _check_limits(self, _INSTRUMENT_NUMBERS, _INSTRUMENT_COUNTS)


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`[risk]`: what no order may exceed. Numbers may be integers, decimals or decimal text; all are exact.

    Quantities in the base asset or contracts, notionals in the quote currency, `max_price_deviation` a fraction
    (0.05 is 5 %), rates over the whole daemon in event time.
    """

    max_order_quantity: Number | None = None
    max_order_notional: Number = 10_000
    max_position: Number | None = None
    max_position_notional: Number = 100_000
    max_open_orders: int = 20  # per instrument
    max_open_orders_total: int = 100
    max_price_deviation: Number = "0.05"
    max_orders_per_second: int = 10
    max_orders_per_minute: int = 300
    max_data_age_ms: int = 5_000
    instruments: dict[str, InstrumentRisk] = {}
    controls: ControlSettings | None = None  # limits at every level, beside these
    raise_delay_s: int = 300  # how long a limit that is loosened while running waits for a second person
    breakers: BreakerSettings | None = None  # what trips without anybody
    rules: RuleSettings | None = None  # users' own, asked once all of these let an order pass

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        _check_limits(self, _INSTRUMENT_NUMBERS, _GENERAL_COUNTS)
        if self.controls is not None:
            _refuse_twins(self.controls)
        if self.breakers is not None:
            _refuse_collar(self)
        for rule in () if self.rules is None or self.controls is not None else self.rules.rule:
            if name := needs_controls(rule):
                raise LimitsError("rule", f"[risk.controls], which counts {name}", rule.name, ("rules",))


@dataclass(slots=True, frozen=True, kw_only=True)
class InstrumentLimits:
    """The limits of one instrument as the checks compare them, a record of hot functions.

    Quantities in units, `NO_LIMIT` where there is none. `max_order_value`, `max_position_value` and `min_value` in
    price units times quantity units. `max_deviation` in 10^-9. `max_data_age_ns` in nanoseconds.
    """

    max_order_quantity: int
    max_order_value: int
    max_position: int
    max_position_value: int
    min_value: int
    max_open_orders: int
    max_open_orders_total: int
    max_deviation: int
    max_data_age_ns: int


def resolve(limits: RiskLimits, instrument: Instrument) -> InstrumentLimits:
    """Return the limits that hold for one instrument, its own before the general ones."""
    own = limits.instruments.get(instrument.id, InstrumentRisk())
    factor = instrument.notional_factor

    def units(chosen: Number | None, general: Number | None, decimals: int) -> int | None:
        number = general if chosen is None else chosen
        return None if number is None else _floor_units(plain(number), decimals)

    def quantity(chosen: Number | None, general: Number | None) -> int:
        limit = units(chosen, general, instrument.size_precision)
        if limit is None:
            return NO_LIMIT
        return limit - 1 if limit == NO_LIMIT else limit  # no limit that is set may read as none

    order_notional = units(own.max_order_notional, limits.max_order_notional, MONEY_DECIMALS)
    position_notional = units(own.max_position_notional, limits.max_position_notional, MONEY_DECIMALS)
    deviation = units(own.max_price_deviation, limits.max_price_deviation, DEVIATION_DECIMALS)
    assert order_notional is not None
    assert position_notional is not None
    assert deviation is not None
    age_ms = limits.max_data_age_ms if own.max_data_age_ms is None else own.max_data_age_ms
    resolved = InstrumentLimits(
        max_order_quantity=quantity(own.max_order_quantity, limits.max_order_quantity),
        max_order_value=order_notional // factor,
        max_position=quantity(own.max_position, limits.max_position),
        max_position_value=position_notional // factor,
        min_value=-(-instrument.min_notional // factor),
        max_open_orders=limits.max_open_orders if own.max_open_orders is None else own.max_open_orders,
        max_open_orders_total=limits.max_open_orders_total,
        max_deviation=deviation,
        max_data_age_ns=age_ms * 1_000_000,
    )
    if instrument.inverse:
        return _by_face_value(resolved, instrument, order_notional, position_notional)
    return resolved


def _by_face_value(
    resolved: InstrumentLimits, instrument: Instrument, order_notional: int, position_notional: int
) -> InstrumentLimits:
    """Return the limits of an inverse contract: each is worth its face in the quote currency, whatever the price.

    So limits of value are limits of quantity, and the checks of value, which multiply by a price, let all pass.
    """
    face = int(10 ** (MONEY_DECIMALS - instrument.size_precision)) * instrument.multiplier
    return replace(
        resolved,
        max_order_quantity=min(resolved.max_order_quantity, order_notional // face),
        max_order_value=NO_LIMIT - 1,
        max_position=min(resolved.max_position, position_notional // face),
        max_position_value=NO_LIMIT - 1,
        min_value=0,
    )


def limits_version(limits: RiskLimits) -> int:
    """Return a number that stands for the limits' content: equal limits, equal number, on every machine.

    Numbers count by their value: 50000, 50_000.0 and "50000" are the same limit.
    """
    return zlib.crc32(msgspec.json.encode(_canonical(limits)))


def _canonical(limits: RiskLimits | InstrumentRisk) -> list[object]:
    """Return every field as text, the instruments sorted by name."""
    fields: list[object] = []
    for name in limits.__struct_fields__:
        value = getattr(limits, name)
        if name == "raise_delay_s":
            continue  # how limits change, not what they are
        if name in {"controls", "breakers"}:
            fields += [] if value is None else [_by_value(value)]
            continue
        if name == "rules":
            fields += [] if value is None else _rules(value)
            continue
        if isinstance(value, dict):
            fields.append([(key, _canonical(value[key])) for key in sorted(value)])
        else:
            fields.append(None if value is None else _trimmed(plain(value)))
    return fields


def _rules(rules: RuleSettings) -> list[object]:
    """Return what users' rules say, their functions by the hash of the source; nothing where there is none."""
    functions, texts = functions_of(rules), sorted(rule_text(each) for each in rules.rule)
    return [["rules", texts, functions]] if texts or functions else []


def _by_value(item: object) -> object:
    """Return every field with numbers as plain text, so that 5, 5.0 and "5" are one, keys sorted, defaults written."""
    if isinstance(item, msgspec.Struct):
        return [(name, _by_value(getattr(item, name))) for name in item.__struct_fields__]
    if isinstance(item, dict):
        return [(key, _by_value(item[key])) for key in sorted(item)]
    if isinstance(item, list | tuple):
        return [_by_value(each) for each in item]
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        return item
    try:
        return _trimmed(plain(item))
    except PrecisionError:
        return item


def _trimmed(text: str) -> str:
    """Return decimal text without trailing zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _floor_units(text: str, decimals: int) -> int:
    """Return plain, non-negative decimal text in units of 10^-decimals, cut where it is finer."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


_INSTRUMENT_NUMBERS = (
    "max_order_quantity",
    "max_order_notional",
    "max_position",
    "max_position_notional",
    "max_price_deviation",
)
_INSTRUMENT_COUNTS = ("max_open_orders", "max_data_age_ms")
_GENERAL_COUNTS = (
    *_INSTRUMENT_COUNTS,
    "max_open_orders_total",
    "max_orders_per_second",
    "max_orders_per_minute",
    "raise_delay_s",
)


def _refuse_twins(controls: ControlSettings) -> None:
    """Raise LimitsError for a limit that `[risk]`, or an instrument's own table, has by the same name."""
    for scope, limits in controls.limits.items():
        if scope == ALL:
            twins, place = RiskLimits.__struct_fields__, "[risk]"
        elif scope.startswith("symbol:"):
            twins, place = InstrumentRisk.__struct_fields__, f"[risk.instruments.{scope.partition(':')[2]}]"
        else:
            continue
        for name in limits.__struct_fields__:
            if name in twins and name != "instruments" and getattr(limits, name) is not None:
                raise LimitsError(name, f"it in {place}", getattr(limits, name), ("controls", "limits", scope))


def _refuse_collar(limits: RiskLimits) -> None:
    """Raise LimitsError where the gate would refuse the orders with which a breaker closes positions."""
    assert limits.breakers is not None
    collar = fraction("collar", limits.breakers.collar, DEVIATION_UNIT)
    own = [each.max_price_deviation for each in limits.instruments.values() if each.max_price_deviation is not None]
    for deviation in (limits.max_price_deviation, *own):
        if collar >= fraction("max_price_deviation", deviation, DEVIATION_UNIT):
            expected = f"less than max_price_deviation, {deviation}: what closes positions would be refused"
            raise LimitsError("collar", expected, limits.breakers.collar, ("breakers",))


def _check_limits(limits: msgspec.Struct, numbers: tuple[str, ...], counts: tuple[str, ...]) -> None:
    """Raise LimitsError for the first field that cannot be a limit."""
    for name in numbers:
        value = getattr(limits, name)
        if value is not None:
            _check_number(name, value)
    for name in counts:
        value = getattr(limits, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise LimitsError(name, "a whole number, 0 or more", value)


def _check_number(name: str, value: Number) -> None:
    """Raise LimitsError unless `value` is a plain number, 0 or more; a deviation must stay below 1."""
    expected = "a fraction from 0 to below 1, such as 0.05" if name == "max_price_deviation" else "a number, 0 or more"
    try:
        text = plain(value)
    except PrecisionError:
        raise LimitsError(name, expected, value) from None
    if isinstance(value, bool) or text.startswith("-"):
        raise LimitsError(name, expected, value)
    if name == "max_price_deviation" and _floor_units(text, DEVIATION_DECIMALS) >= DEVIATION_UNIT:
        raise LimitsError(name, expected, value)
