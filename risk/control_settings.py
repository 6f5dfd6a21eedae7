"""`[risk.controls]` as a person writes it: limits by scope, lists, groups, and how limits may change while running."""

import msgspec

from core.decimals import plain
from core.errors import PrecisionError
from core.instruments import Instrument
from core.orders import OrderType
from core.scopes import ALL
from risk.errors import LimitsError

Number = int | float | str
KINDS = ("account", "venue", "class", "currency", "group", "symbol", "strategy")
PORTFOLIO_LIMITS = ("max_var_99", "max_es_99", "max_stress_loss", "max_unmeasured")
OF_ALL = ("min_cash", *PORTFOLIO_LIMITS, "max_portfolio_age_s")
MONEY_LIMITS = (
    "max_order_value",
    "max_gross_notional",
    "max_net_notional",
    "max_open_notional",
    "min_cash",
    "max_turnover_per_day",
    "max_fees_per_day",
    *PORTFOLIO_LIMITS,
)
RATIO_LIMITS = ("max_leverage", "max_concentration", "max_depth_share", "max_volume_share", "max_price_volatilities")
COUNT_LIMITS = (
    "max_open_orders",
    "max_orders_per_second",
    "max_orders_per_minute",
    "max_messages_per_second",
    "max_messages_per_minute",
    "max_orders_per_day",
    "max_fills_per_day",
    "duplicate_window_ms",
    "max_portfolio_age_s",
)


class ScopeLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What may be done within one scope; a limit that is left out is none. Values are of the base currency.

    Values count at the worst that may come: every open order filled, UNKNOWN ones and those without an answer too.
    `max_leverage` is gross value over equity, `max_concentration` one instrument's value over equity, `max_depth_share`
    an order over what the book shows on the other side up to its price, `max_volume_share` over what was traded in the
    last minute. No price may be further from the middle than `max_price_volatilities` of a minute, once 20 seconds were
    seen. What only takes off passes all limits of
    value. Messages are new orders, replacements and cancels together; cancels count and always pass. Days begin at
    midnight UTC.
    """

    max_order_value: Number | None = None
    max_gross_notional: Number | None = None
    max_net_notional: Number | None = None  # long or short
    max_open_notional: Number | None = None  # of open orders, per side
    max_open_orders: int | None = None
    max_leverage: Number | None = None
    max_concentration: Number | None = None
    min_cash: Number | None = None
    max_depth_share: Number | None = None
    max_volume_share: Number | None = None
    max_price_volatilities: Number | None = None
    max_orders_per_second: int | None = None
    max_orders_per_minute: int | None = None
    max_messages_per_second: int | None = None
    max_messages_per_minute: int | None = None
    max_orders_per_day: int | None = None
    max_fills_per_day: int | None = None
    max_turnover_per_day: Number | None = None
    max_fees_per_day: Number | None = None
    duplicate_window_ms: int | None = None
    max_var_99: Number | None = None  # this and the next four: of all alone, by the worker of [portfolio]
    max_es_99: Number | None = None
    max_stress_loss: Number | None = None  # in the worst scenario
    max_unmeasured: Number | None = None  # gross value that those figures leave out
    max_portfolio_age_s: int | None = None  # how old they may be, 60 where left out
    no_short: bool = False
    restricted: bool = False  # nothing may be opened here, only closed
    instruments: tuple[str, ...] = ()  # what may be traded here; empty: all
    order_types: tuple[OrderType, ...] = ()  # which orders may be sent here; empty: all

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        for name in (*MONEY_LIMITS, *RATIO_LIMITS):
            _check_number(name, getattr(self, name))
        for name in COUNT_LIMITS:
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or value < 0):
                raise LimitsError(name, "a whole number, 0 or more", value)


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`[risk.controls]`."""

    base_currency: str = "USDT"
    limits: dict[str, ScopeLimits] = {}
    """By scope: "all", "account:NAME", "venue:NAME", "class:perpetual", "currency:BTC", "group:NAME",
    "symbol:BTCUSDT.BINANCE", "strategy:ID"."""
    accounts: dict[str, tuple[str, ...]] = {}  # venues that share an account, by its name
    groups: dict[str, tuple[str, ...]] = {}  # instruments that count together: a sector, a theme
    restricted: tuple[str, ...] = ()  # instruments that may not be opened, only closed
    locates: dict[str, Number] = {}  # how much may be sold short, by instrument; where named, no more than that
    self_trade: bool = False  # whether an order may meet another one of ours

    def __post_init__(self) -> None:
        """Refuse scopes that are none, and locates that are no quantity."""
        for scope in self.limits:
            check_scope(scope)
            kind, _, name = scope.partition(":")
            for own in OF_ALL if scope != ALL else ():
                if getattr(self.limits[scope], own) is not None:
                    raise LimitsError(own, "to stand in the scope all, of which it is", scope, ("limits", scope))
            known = {"account": self.accounts, "group": self.groups}.get(kind)
            if known is not None and name not in known:
                expected = f"a name in risk.controls.{kind}s: {', '.join(sorted(known)) or 'none there'}"
                raise LimitsError(scope, expected, name, ("limits",))
        for name, quantity in self.locates.items():
            _check_number(name, quantity, ("locates",))

    def scopes_of(self, instrument: Instrument) -> list[str]:
        """Return every scope that an instrument is in, limits or none; the strategy's is the order's own."""
        venues = [f"account:{name}" for name, each in sorted(self.accounts.items()) if instrument.venue in each]
        groups = [f"group:{name}" for name, each in sorted(self.groups.items()) if instrument.id in each]
        return [
            ALL,
            *venues,
            f"venue:{instrument.venue}",
            f"class:{instrument.asset_class.value}",
            f"currency:{instrument.base}",
            *groups,
            f"symbol:{instrument.id}",
        ]


def check_scope(scope: str) -> None:
    """Raise LimitsError for what is no scope of limits."""
    kind, colon, name = scope.partition(":")
    if scope != ALL and (kind not in KINDS or not colon or not name):
        expected = f"all, or one of {', '.join(KINDS)} and a name, such as strategy:ema"
        raise LimitsError(scope, expected, scope, ("limits",))


def _check_number(name: str, value: Number | None, table: tuple[str, ...] = ()) -> None:
    """Raise LimitsError unless `value` is left out or a plain number, 0 or more."""
    if value is None:
        return
    try:
        text = plain(value)
    except PrecisionError:
        text = "-"
    if isinstance(value, bool) or text.startswith("-"):
        raise LimitsError(name, "a number, 0 or more", value, table)
