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
    error: str = ""  # what a paused one raised, in the error's own words


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


class AlertStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One recent alert, the newest last; only what is an "error" needs a person."""

    time_ns: int
    severity: str  # "info", "warning", "error"
    code: str
    message: str
    instrument: str = ""  # where it is of one


class OpenAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of errors that nobody has acknowledged: how often, when first and last, and its last words."""

    id: int
    code: str
    instrument: str
    count: int
    first_ns: int
    last_ns: int
    message: str
    session: str


class LatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a person or a breaker stopped, and how far: "reduce", "halt" or "kill"."""

    scope: str
    level: str
    reason: str
    source: str
    since_ns: int


class BreakerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One breaker: `figure` as it was looked at last, "" where nothing can be said, `next` that of its next step."""

    breaker: str
    scope: str
    step: str  # "calm", "warn", "reduce", "halt", "flatten"
    figure: str
    next: str
    ladder: dict[str, str]  # figure by step
    since_ns: int  # of the step, 0 where it is calm
    problem: str  # what keeps the figure from being valued
    rearm: str  # the command that takes the step back, "" where there is none to take back


class VenueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How trading at one venue stands. Ages and what is left of a time in ns; an age is -1 where there is none.

    `books`: whether its figures and ours agree. `step` is what a comparison under way is at, `waits_for` the answers
    that it waits for. `dead_man_ns`: until the venue's own timer cancels everything, 0 where it is not armed, None
    where the venue has none, or the settings want none.
    """

    venue: str
    market_data: str  # "up", "partly", "down"
    orders: str  # "up", "silent", "down": orders go by REST then
    private: str  # "up", "down"
    link: str  # "up", "down", "maintenance", "limited"; "" before the first word
    link_reason: str
    books: str  # "waiting", "comparing", "agreed", "broken"
    step: str
    waits_for: list[str]
    books_reason: str
    books_age_ns: int
    unknown_orders: int
    unknown_age_ns: int  # of the oldest
    weight_used: int
    weight_limit: int
    orders_used: int
    orders_limit: int
    cancel_share: float  # of the weight, kept for cancels
    silent_ns: int  # how much longer the venue wants silence
    queued: int
    throttled: int
    fallbacks: int
    clock_offset_ns: int
    clock_uncertainty_ns: int
    clock_bound_ns: int
    dead_man_ns: int | None
    last_error: str
    clock_doubt: str = ""  # why nothing opens by what is known of the clocks, empty where they are believed


class FreezeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What may not be opened: one instrument, or where `instrument` is empty, nothing at all."""

    instrument: str
    state: str  # "halted", "frozen", "paused"
    reason: str
    since_ns: int  # 0: since a session before this one
    until_ns: int = 0  # of "paused"


class LiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What only a session has that trades a real account."""

    account: str
    epoch: int  # of the lease
    order_prefix: str  # the epoch as our order ids begin with it
    foreign_policy: str
    foreign_orders: int  # that are not ours, and were told
    snapshot_age_ns: int  # -1 before the first
    release: str  # the command by which the operator releases what is frozen or halted
    venues: list[VenueStatus]
    freezes: list[FreezeStatus]


class WorthStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One currency of the account: how much, what open orders hold of it, and what it is worth at which rate."""

    currency: str
    amount: str
    held: str
    value: str  # in the base currency; "" where no market prices it
    rate: str
    path: str  # the markets that gave the rate, "" for the base currency itself


class DustStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a position that the venue takes no order for."""

    instrument: str
    quantity: str
    why: str


class AccountStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the account is worth in one currency. `unpriced`: what the sum leaves out, since no market prices it."""

    base_currency: str  # "" where there is none to count in
    equity: str
    worth: list[WorthStatus]
    unpriced: list[str]
    dust: list[DustStatus]


class ExposureStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is at risk and what was earned now, in the base currency: holdings beside the base currency itself.

    `profit` is realised and open profit less fees of all positions. `by_name` is signed, the largest first. `unpriced`
    is what no market values, left out of the sums.
    """

    base_currency: str
    profit: str
    gross: str
    net: str
    long: str
    short: str
    by_name: dict[str, str]
    unpriced: list[str]


class PortfolioStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the portfolio may lose, in the base currency; a loss is positive. Ages in ns, -1 before the first figures.

    `problem`: why the newest snapshot has no figures; the others are then of an older one.
    """

    base_currency: str
    age_ns: int
    problem: str
    method: str
    bars: int
    gross: str
    net: str
    unmeasured: str
    left_out: list[str]
    var_95: str
    es_95: str
    var_99: str
    es_99: str
    stress_worst: str
    stress_scenario: str
    benchmark: str
    beta: float
    effective: float  # as many equal holdings would be as concentrated
    top: str
    top_share: float
    broken: list[str]  # pairs whose correlation broke
    delta: str
    gamma: str
    vega: str
    theta: str
    tails: dict[str, dict[str, str]]  # by method: var_950000, es_950000 and so on, by confidence in ppm
    stress: dict[str, str]  # loss by scenario


class AnchorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One second place: the age of the newest signature that is there, -1 for none yet, and how many are not."""

    place: str
    age_ns: int
    pending: int


class AuditSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's signatures: the age of the newest, how often one is made, and which the second places have."""

    signed_age_ns: int
    every_ns: int
    places: list[AnchorSeen]


class GuardSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The guard as the daemon hears it; `problem`: why nobody guards. An age of -1 and a time of 0 stand for never."""

    watching: bool
    problem: str
    state: str  # what it said of itself: IDLE, ARMED, CANCELLING, VERIFIED
    pid: int
    beats: int
    beat_age_ns: int
    last_kill_ns: int
    last_kill: str


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
    alerts: list[AlertStatus]
    account: AccountStatus | None = None
    live: LiveStatus | None = None
    latches: list[LatchStatus] = []
    breakers: list[BreakerStatus] = []
    portfolio: PortfolioStatus | None = None
    exposure: ExposureStatus | None = None  # None where there is no one currency to count in
    guard: GuardSeen | None = None  # None where the settings want none
    open_alerts: list[OpenAlert] = []
    audit: AuditSeen | None = None  # None where nothing is signed
