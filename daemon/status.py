"""The daemon's state as one plain value, for the screen, the metrics and `--json`.

Built a few times a second from the engine's projections, never on an event's path. Prices, quantities and money are
decimal text, times are nanoseconds.
"""

import msgspec


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's market as the daemon sees it; `age_ns` since its last event, -1 before the first."""

    instrument: str
    connected: bool
    book: str  # "empty", "loading", "live", "invalid"
    stale: list[str]
    age_ns: int
    bid_price: str
    ask_price: str
    last_price: str


class PositionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One net position; profit and fees as money text in `currency`."""

    instrument: str
    quantity: str
    average_price: str
    mark_price: str
    realised: str
    unrealised: str
    fees: str
    currency: str


class StrategyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy actor."""

    id: str
    state: str
    reason: str
    open_orders: int
    fills: int


class RefusalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One recent refusal, the newest last."""

    time_ns: int
    strategy_id: str
    instrument: str
    code: str
    message: str


class FillStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One recent fill, the newest last."""

    time_ns: int
    strategy_id: str
    instrument: str
    side: str
    quantity: str
    price: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the screen shows."""

    session: str
    mode: str
    labels: list[str]  # such as "synthetic market"
    state: str
    time_ns: int
    uptime_ns: int
    inputs: int
    effects: int
    events_per_s: float
    journal_bytes: int
    rss_bytes: int
    tick_to_order_p50_ns: int
    tick_to_order_p99_ns: int
    tick_to_order_count: int
    loop_lag_ns: int
    orders: dict[str, int]  # by state
    commands: int
    malformed: dict[str, int]  # by reason
    reconnects: int
    feeds: list[FeedStatus]
    positions: list[PositionStatus]
    balances: dict[str, str]
    strategies: list[StrategyStatus]
    refusals: list[RefusalStatus]
    fills: list[FillStatus]
    alerts: list[str]
