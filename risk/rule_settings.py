"""`[risk.rules]` as a person writes it: rules of conditions and a consequence, and functions of the user's own.

A rule is data, not a program: each condition compares one figure of an order, its market or the books with what is
written. `risk.rules` compiles them; what a rule does is said in docs/rules.md.
"""

import enum
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from msgspec import Meta

from core.decimals import plain
from core.errors import PrecisionError
from core.instruments import AssetClass
from risk.errors import LimitsError

Number = int | float | str
Names = str | tuple[str, ...] | None
RuleName = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$", description="a name: up to 32 of a-z, 0-9 and -, a letter first")
]
TimeOfDay = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description='a time of day such as "22:30", UTC')
]
FAILED = "failed"  # no rule's name: RULE_FAILED is the code of a rule that could not be asked
DAY_MINUTES = 1440
_DIGITS_MAX = 30


class Then(enum.StrEnum):
    """What becomes of an order that a rule speaks of."""

    REJECT = "reject"
    SHRINK = "shrink"


class Way(enum.StrEnum):
    """A side, in words."""

    BUY = "buy"
    SELL = "sell"


class Plain(enum.StrEnum):
    """The type of an order as it goes out; one that tickerd keeps goes out as one of these."""

    MARKET = "market"
    LIMIT = "limit"


class Weekday(enum.StrEnum):
    """Days by UTC."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Range(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From where to where a figure lies: one bound or two, `{ above = 1000 }` or `{ at_least = 5, below = 10 }`."""

    above: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    at_most: Number | None = None

    def __post_init__(self) -> None:
        """Refuse no bound, two of a kind, and what is no number."""
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        for name in given:
            check_number(name, getattr(self, name), signed=True)
        if not given:
            raise LimitsError("above", "one of above, at_least, below, at_most", "none")
        for one, other in (("above", "at_least"), ("below", "at_most")):
            if one in given and other in given:
                raise LimitsError(other, f"either {one} or {other}", "both")


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of day, UTC, `{ from = "22:00", until = "06:00" }`: its first minute counts, its last does not."""

    from_: TimeOfDay = msgspec.field(name="from")
    until: TimeOfDay

    def __post_init__(self) -> None:
        """Refuse a span of no time, which might as well be a whole day."""
        if self.from_ == self.until:
            raise LimitsError("until", f"another time than from, {self.from_}", self.until)

    @property
    def minutes(self) -> tuple[int, int]:
        """Its first minute of the day, and how many minutes it has."""
        first, end = _minute(self.from_), _minute(self.until)
        return first, (end - first) % DAY_MINUTES


class When(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The conditions of a rule; all that are written must hold, and a list holds where one of it does.

    `quantity` in the base asset or contracts; `notional`, of the quote currency, values a market order at the worst
    price of the collar; `price_distance_bps` is how far the price is from the middle of the touch, either way.
    `position` is the account's, negative where short, and `worst_position` what it comes to on the order's side once
    everything open there and the order itself have filled. `..._today` count the strategy in the instrument, by UTC
    days. `leverage` is the gross value of what is held and open over the equity, before the order.
    """

    strategy: Names = None
    instrument: Names = None
    venue: Names = None
    asset_class: AssetClass | tuple[AssetClass, ...] | None = None
    base: Names = None
    quote: Names = None
    side: Way | None = None
    type: Plain | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    weekday: Weekday | tuple[Weekday, ...] | None = None
    time: Span | None = None
    quantity: Range | None = None
    notional: Range | None = None
    price_distance_bps: Range | None = None
    position: Range | None = None
    worst_position: Range | None = None
    open_orders: Range | None = None
    open_orders_total: Range | None = None
    spread_bps: Range | None = None
    data_age_ms: Range | None = None
    orders_today: Range | None = None
    fills_today: Range | None = None
    turnover_today: Range | None = None
    leverage: Range | None = None

    def __post_init__(self) -> None:
        """Refuse lists of nothing, which would hold nowhere."""
        for name in LISTS:
            if getattr(self, name) in ((), ""):
                raise LimitsError(name, "at least one", "none")

    def names(self, field: str) -> tuple[str, ...]:
        """Return what a condition on a name or a list lists, nothing where there is no such condition."""
        value = getattr(self, field)
        return () if value is None else (value,) if isinstance(value, str) else value


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """To what an order is shrunk: one of these, cut to whole lots.

    Shares are of the account's position, and of what the book shows on the other side up to the order's price.
    """

    quantity: Number | None = None
    notional: Number | None = None
    position_share: Number | None = None
    depth_share: Number | None = None

    def __post_init__(self) -> None:
        """Refuse none, several, and what is no number."""
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            expected = f"one of {', '.join(self.__struct_fields__)}"
            raise LimitsError(given[-1] if given else "quantity", expected, ", ".join(given) or "none")
        check_number(given[0], getattr(self, given[0]), signed=False)

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(name for name in self.__struct_fields__ if getattr(self, name) is not None)


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One `[[rule]]`. `closing`: it also looks at orders that only close a position, which else pass it by."""

    name: RuleName
    when: When
    then: Then
    to: Target | None = None
    message: Annotated[str, Meta(max_length=200)] = ""
    closing: bool = False

    def __post_init__(self) -> None:
        """Refuse a shrinking to nothing, a target of what is rejected, and the name of what failed."""
        if self.name == FAILED:
            raise LimitsError("name", "another name: RULE_FAILED is said of rules that could not be asked", self.name)
        if (self.then is Then.SHRINK) != (self.to is not None):
            expected = "a table such as { notional = 1000 }" if self.to is None else 'nothing, or then = "shrink"'
            raise LimitsError("to", expected, "none" if self.to is None else "a target")


class RuleSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of the module of a function, as it was when the settings were read, and its SHA-256 in hex."""

    use: str
    sha256: str
    source: str


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`[risk.rules]`.

    `file`: rules in a file of their own, TOML or JSON. `functions`: rules in Python, `my/rules.py:no_fridays` or
    `mydesk.rules:no_fridays`. `rule`: rules written here; those of `file` are added once it is read. `sources`: what
    was read of the functions; nothing to be written by hand. `functions_see_closing`: functions are asked about
    orders that only close a position as well.
    """

    file: str = ""
    functions: tuple[str, ...] = ()
    functions_see_closing: bool = False
    rule: tuple[Rule, ...] = ()
    sources: tuple[RuleSource, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a name that two rules have."""
        names = [each.name for each in self.rule]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise LimitsError("rule", "each name once", name)
        codes = [rule_code(each) for each in names]
        for use in self.functions:
            code = rule_code(functions_name(use))
            if code in codes:
                raise LimitsError("functions", f"each name once, beside {', '.join(names) or 'the others'}", use)
            codes.append(code)


LISTS = ("strategy", "instrument", "venue", "asset_class", "base", "quote", "weekday")
RANGES = tuple(field.name for field in msgspec.structs.fields(When) if field.type == (Range | None))
NEED_CONTROLS = ("orders_today", "fills_today", "turnover_today", "leverage")


def needs_controls(rule: Rule) -> str:
    """Return a condition of a rule that only `[risk.controls]` counts, "" where it has none."""
    return next((name for name in NEED_CONTROLS if getattr(rule.when, name) is not None), "")


def functions_name(use: str) -> str:
    """Return the name of a function: `no_fridays` of `my/rules.py:no_fridays`."""
    return use.rpartition(":")[2]


def functions_of(rules: RuleSettings) -> list[tuple[str, str, bool]]:
    """Return what tells functions apart: their names and the hashes of their sources, not where they were found."""
    return [(functions_name(each.use), each.sha256, rules.functions_see_closing) for each in rules.sources]


def rule_code(name: str) -> str:
    """Return the code of a rule's refusals: `no-fridays` refuses with RULE_NO_FRIDAYS."""
    return "RULE_" + name.upper().replace("-", "_")


def rule_text(rule: Rule) -> str:
    """Return a rule as JSON: the same text for the same rule, however its numbers were written."""
    plain_rule = msgspec.to_builtins(rule)
    for name in RANGES:
        if name in plain_rule["when"]:
            plain_rule["when"][name] = _trimmed(plain_rule["when"][name])
    if "to" in plain_rule:
        plain_rule["to"] = _trimmed(plain_rule["to"])
    return msgspec.json.encode(plain_rule, order="deterministic").decode()


def check_number(name: str, value: Number | None, *, signed: bool) -> None:
    """Raise LimitsError unless `value` is a plain number of at most 30 digits before and after the point."""
    expected = "a number" if signed else "a number, 0 or more"
    if isinstance(value, bool) or value is None or not _is_modest(value):
        raise LimitsError(name, f"{expected}, of at most {_DIGITS_MAX} digits", value)
    if not signed and plain(value).startswith("-"):
        raise LimitsError(name, expected, value)


def _is_modest(value: Number) -> bool:
    """Whether a number is one that can be written out."""
    if len(str(value)) > 2 * _DIGITS_MAX + 2:
        return False
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return number.adjusted() < _DIGITS_MAX and isinstance(exponent, int) and exponent >= -_DIGITS_MAX


def _trimmed(table: dict[str, Number]) -> dict[str, str]:
    """Return numbers in their one spelling."""
    return {name: trimmed(plain(value)) for name, value in table.items()}


def trimmed(text: str) -> str:
    """Return decimal text without trailing zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_scale(number: Number, decimals: int, *, up: bool = False) -> int:
    """Return a number in units of 10^-decimals, cut down (`up`: up) to a whole one."""
    try:
        sign, digits, exponent = Decimal(plain(number)).as_tuple()
    except PrecisionError as error:
        raise LimitsError("number", "a number", number) from error
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    shift = decimals + exponent
    whole, unit = whole * int(10 ** max(shift, 0)), int(10 ** max(-shift, 0))
    return -(-whole // unit) if up else whole // unit


def _minute(text: str) -> int:
    """Return the minute of the day of `HH:MM`."""
    return int(text[:2]) * 60 + int(text[3:])
