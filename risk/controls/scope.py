"""One scope while it runs: its limits in whole numbers, and what counts in it now."""

from collections.abc import Callable

from core.decimals import plain
from core.money import MONEY_UNIT
from core.orders import OrderIntent, OrderType
from core.scopes import split_scope
from risk.control_settings import COUNT_LIMITS, MONEY_LIMITS, PORTFOLIO_LIMITS, RATIO_LIMITS, Number, ScopeLimits
from risk.controls.window import Window, windows

NONE: int = -1  # a limit that is left out
PPM = 1_000_000
NS_PER_MS = 1_000_000
RECENT_MAX = 1_000

Check = tuple[str, Callable[..., bool]]
Twin = tuple[str, int, int, OrderType, int, int]


class Scope:
    """The limits of a scope, `NONE` where there is none, and its sums.

    Values are money of the base currency, ratios millionths. `long` is what is held, signed, with every open buy added,
    `short` with every open sell taken off; `gross` adds the larger of both, instrument by instrument. What was traded
    today counts as it was worth when it was last looked at.
    """

    __slots__ = (
        *MONEY_LIMITS,
        *RATIO_LIMITS,
        *COUNT_LIMITS,
        "adding",
        "always",
        "_windows",
        "buys",
        "day_fees",
        "day_fills",
        "day_orders",
        "day_turnover",
        "gross",
        "_last_ns",
        "instruments",
        "long",
        "name",
        "no_short",
        "open_orders",
        "order_types",
        "recent",
        "restricted",
        "sells",
        "short",
        "strategy_id",
        "unvalued_day",
        "wants_equity",
        "wants_portfolio",
        "watches",
        "windows",
    )

    max_order_value: int
    max_gross_notional: int
    max_net_notional: int
    max_open_notional: int
    min_cash: int
    max_turnover_per_day: int
    max_fees_per_day: int
    max_leverage: int
    max_concentration: int
    max_depth_share: int
    max_volume_share: int
    max_price_volatilities: int
    max_var_99: int
    max_es_99: int
    max_stress_loss: int
    max_unmeasured: int
    max_portfolio_age_s: int
    max_open_orders: int
    max_orders_per_second: int
    max_orders_per_minute: int
    max_messages_per_second: int
    max_messages_per_minute: int
    max_orders_per_day: int
    max_fills_per_day: int
    duplicate_window_ms: int

    def __init__(self, name: str, limits: ScopeLimits) -> None:
        """Count nothing yet."""
        self.name = name
        self.strategy_id = split_scope(name)[1] if name.startswith("strategy:") else ""
        self._windows = windows()
        self.windows: tuple[Window, ...] = ()
        """Those with a limit."""
        self.always: tuple[Check, ...] = ()
        """What is asked of every order here, and below it of one that may do more than close: see `checks.choose`."""
        self.adding: tuple[Check, ...] = ()
        self.take(limits)
        self.gross = self.long = self.short = self.buys = self.sells = self.open_orders = 0
        self.forget_day()
        self.recent: dict[Twin, int] = {}  # when the same order was sent last
        self._last_ns = 0  # when any was

    def take(self, limits: ScopeLimits) -> None:
        """Have these limits from now on."""
        for names, unit in ((MONEY_LIMITS, MONEY_UNIT), (RATIO_LIMITS, PPM), (COUNT_LIMITS, 1)):
            for name in names:
                value: Number | None = getattr(limits, name)
                setattr(self, name, NONE if value is None else floor_units(value, unit))
        self.no_short, self.restricted = limits.no_short, limits.restricted
        self.instruments, self.order_types = frozenset(limits.instruments), frozenset(limits.order_types)
        for name, window in self._windows.items():
            window.limit = getattr(self, name)
        self.windows = tuple(window for window in self._windows.values() if window.limit != NONE)
        self.wants_portfolio = any(getattr(self, name) != NONE for name in PORTFOLIO_LIMITS)
        self.watches = self.max_volume_share != NONE or self.max_price_volatilities != NONE
        self.wants_equity = self.max_leverage != NONE or self.max_concentration != NONE

    def has(self, name: str) -> bool:
        """Whether a limit is set here."""
        value = getattr(self, name)
        return bool(value) if isinstance(value, bool | frozenset) else value != NONE

    def note_order(self, intent: OrderIntent | None, now_ns: int) -> None:
        """Count an order that leaves, None for a replacement: of that one no twin is looked for."""
        for window in self.windows:
            window.note(now_ns)
        if intent is not None and self.duplicate_window_ms != NONE:
            if len(self.recent) >= RECENT_MAX:
                window_ns = self.duplicate_window_ms * NS_PER_MS
                self.recent = {twin: at_ns for twin, at_ns in self.recent.items() if now_ns - at_ns < window_ns}
            self.recent[twin_of(intent)] = now_ns
            self._last_ns = max(self._last_ns, now_ns)

    def forget_day(self) -> None:
        """Begin to count today's trading anew."""
        self.day_orders = self.day_fills = self.day_turnover = self.day_fees = 0
        self.unvalued_day = False

    def count_day(self, orders: int, fills: int, turnover: int | None, fees: int | None) -> None:
        """Add what was traded today; None for what has no value here, which is told where a limit needs it."""
        self.day_orders += orders
        self.day_fills += fills
        self.day_turnover += turnover or 0
        self.day_fees += fees or 0
        if (turnover is None and self.max_turnover_per_day != NONE) or (fees is None and self.max_fees_per_day != NONE):
            self.unvalued_day = True

    def state(self) -> list[object]:
        """Return everything that a digest must cover and the cells do not."""
        return [self.name, [list(window.times) for window in self.windows], sorted(self.recent.items())]

    def note_cancel(self, now_ns: int) -> None:
        """Count a cancel that leaves."""
        for window in self.windows:
            if not window.orders_only:
                window.note(now_ns)

    def is_lately(self, now_ns: int) -> bool:
        """Whether any order was sent within the window of twins; also where time stepped back."""
        return now_ns - self._last_ns < self.duplicate_window_ms * NS_PER_MS

    def age_of_twin(self, intent: OrderIntent, now_ns: int) -> int:
        """Return how long ago the same order was sent within the window, -1 where it was not."""
        at_ns = self.recent.get(twin_of(intent))
        if at_ns is None or now_ns - at_ns >= self.duplicate_window_ms * NS_PER_MS:
            return -1
        return max(now_ns - at_ns, 0)


def twin_of(intent: OrderIntent) -> Twin:
    """Return what two orders have in common that may be one sent twice."""
    return intent.strategy_id, intent.instrument, int(intent.side), intent.type, intent.price, intent.quantity


def floor_units(value: Number, unit: int) -> int:
    """Return a limit in whole units, cut towards the safer side; what is finer than a unit is dropped."""
    text = plain(value)
    whole, _, fraction = text.partition(".")
    return int(whole) * unit + (int(fraction) * unit // int(10 ** len(fraction)) if fraction else 0)
