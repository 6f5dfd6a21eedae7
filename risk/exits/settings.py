"""`[strategies.exits]`: when the positions of a strategy are closed for it. See docs/sizing.md."""

import re
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from core.decimals import plain
from core.instruments import Instrument
from core.orders import TriggerBy

DISTANCE = r"^\d+(\.\d+)?( ?%| atr)?$"
_ATR = " atr"
_PERCENT = re.compile(r"^(\d+(?:\.\d+)?) ?%$")
_PPM_DECIMALS = 6
_PPM_OF_PERCENT = 4  # decimals that a percentage may have
_SECOND_NS = 1_000_000_000
PPM = 1_000_000
T = TypeVar("T")
COLLAR_PPM_MAX = 500_000
COLLAR, COOL_DOWN_S = "1%", 60.0

Distance = Annotated[
    str, Meta(pattern=DISTANCE, description='a distance: "2%" of the price, "3 atr", or "25.5" in the quote currency')
]
Percent = Annotated[str, Meta(pattern=r"^\d+(\.\d+)? ?%$", description='a share such as "1%"')]


class InstrumentExits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Exits in one instrument; what is left out is as in `[strategies.exits]`.

    `stop_loss` and `take_profit` count from the position's average price, `trailing` from the best price since it was
    opened. `max_holding_s` after it was opened it is closed whatever it made. `reference` is the price that is looked
    at: what one would get ("touch"), "last", "mid" or "mark". Closing orders stay within `collar` of the middle. After
    that the strategy may not enter again for `cool_down_s`.
    """

    stop_loss: Distance | None = None
    take_profit: Distance | None = None
    trailing: Distance | None = None
    max_holding_s: Annotated[float, Meta(gt=0, le=31_536_000)] | None = None
    cool_down_s: Annotated[float, Meta(ge=0, le=31_536_000)] | None = None
    reference: TriggerBy | None = None
    collar: Percent | None = None

    def __post_init__(self) -> None:
        """Refuse distances that are none."""
        for name in ("stop_loss", "take_profit", "trailing"):
            text = getattr(self, name)
            if text is not None and not any(read_distance(text, 18)):
                raise ValueError(f"{name} must be above 0, found {text!r}")
            if text is not None and read_distance(text, 18)[1] >= PPM and name != "take_profit":
                raise ValueError(f"{name} must be below 100%, found {text!r}")
        if self.collar is not None and read_distance(self.collar, 0)[1] > COLLAR_PPM_MAX:
            raise ValueError(f"collar must be at most 50%, found {self.collar!r}")


class StrategyExits(InstrumentExits, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Exits of one strategy, and those of single instruments that differ."""

    instruments: dict[str, InstrumentExits] = {}

    def __post_init__(self) -> None:
        """Refuse exits that never end anything."""
        super().__post_init__()
        ways = ("stop_loss", "take_profit", "trailing", "max_holding_s")
        given = (self, *self.instruments.values())
        if all(getattr(each, name) is None for each in given for name in ways):
            raise ValueError(f"exits end nothing: give at least one of {', '.join(ways)}")


Reach = tuple[int, int, int]
"""A distance: price units, 10^-6 of the price, 10^-6 of the average true range; two of them are 0."""


class ExitRules(msgspec.Struct, frozen=True):
    """The exits of one strategy in one instrument, in its units; a distance of zeros for one that there is not."""

    stop_loss: Reach
    take_profit: Reach
    trailing: Reach
    max_holding_ns: int
    cool_down_ns: int
    reference: TriggerBy
    collar_ppm: int

    @property
    def wants_atr(self) -> bool:
        """Whether a distance is in average true ranges."""
        return bool(self.stop_loss[2] or self.take_profit[2] or self.trailing[2])


def resolve_exits(exits: StrategyExits, instrument: Instrument) -> ExitRules:
    """Return the exits that hold in one instrument."""
    own = exits.instruments.get(instrument.id, InstrumentExits())

    def distance(one: str | None, other: str | None) -> Reach:
        text = _first(one, other, "")
        return read_distance(text, instrument.price_precision) if text else (0, 0, 0)

    return ExitRules(
        stop_loss=distance(own.stop_loss, exits.stop_loss),
        take_profit=distance(own.take_profit, exits.take_profit),
        trailing=distance(own.trailing, exits.trailing),
        max_holding_ns=int(_first(own.max_holding_s, exits.max_holding_s, 0.0) * _SECOND_NS),
        cool_down_ns=int(_first(own.cool_down_s, exits.cool_down_s, COOL_DOWN_S) * _SECOND_NS),
        reference=_first(own.reference, exits.reference, TriggerBy.TOUCH),
        collar_ppm=read_distance(_first(own.collar, exits.collar, COLLAR), 0)[1],
    )


def _first(own: T | None, general: T | None, default: T) -> T:
    """Return what an instrument has, else the strategy, else everybody."""
    if own is not None:
        return own
    return default if general is None else general


def read_distance(text: str, precision: int) -> Reach:
    """Return a distance, cut where it is finer than its unit."""
    percent = _PERCENT.fullmatch(text)
    if percent is not None:
        return 0, _cut(percent[1], _PPM_OF_PERCENT), 0
    if text.endswith(_ATR):
        return 0, 0, _cut(text.removesuffix(_ATR), _PPM_DECIMALS)
    return _cut(text, precision), 0, 0


def _cut(text: str, decimals: int) -> int:
    whole, _, fraction = plain(text).partition(".")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))
