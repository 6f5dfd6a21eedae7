"""The settings of a daemon, typed and frozen. Each struct is a TOML table, each field a key; units end the names.

The names are a promise to users: add, with a default that changes nothing, but do not rename. Which of them decide
what is traded is said in `config.digest`.
"""

import enum
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from config.audit_settings import AuditSettings
from config.guard_settings import GuardSettings
from config.hours import HoursTable
from config.live_settings import LiveSettings, SecretName, TradingTable
from config.portfolio_settings import PortfolioSettings
from connectors.sim.settings import SimSettings
from journal.head import FlushPolicy
from journal.retention import RetentionPolicy
from oms.rules import AccountingRules, LotMethod
from risk.exits.settings import StrategyExits
from risk.limits import RiskLimits
from risk.sizing.settings import SizingSettings, StrategySizing

GIB = 1 << 30

SymbolText = Annotated[
    str, Meta(pattern=r"^[^\s/?&#@\"]{1,40}$", description='a symbol as the venue writes it, such as "BTCUSDT"')
]
InstrumentText = Annotated[
    str, Meta(pattern=r"^\S+\.[A-Z0-9_-]+$", description='SYMBOL.VENUE, such as "BTCUSDT.BINANCE"')
]
VenueName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_-]{0,15}$",
        description="a venue's name: up to 16 of a-z, 0-9, _ and -, a letter first",
    ),
]
StrategyId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$",
        description="an id: up to 32 letters, digits, dots, _ and -",
    ),
]
StrategyUse = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\x00][^\x00]*$",
        description="a built-in name, an entry point, or a file such as my/ema.py:EmaCross",
    ),
]
Currency = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,16}$", description="a currency in capitals, such as USDT")]
Url = Annotated[str, Meta(pattern=r"^[^\s\x00]*$", description='an address such as "https://api.binance.com"')]
Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_-]+$", description='a host such as "127.0.0.1"')]
PathText = Annotated[str, Meta(pattern=r"^[^\x00]*$", description="a path")]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Mode(enum.StrEnum):
    """Where orders go."""

    PAPER = "paper"
    LIVE = "live"


class ConnectorName(enum.StrEnum):
    """The connectors that this build has."""

    BINANCE_SPOT = "binance-spot"
    BINANCE_USDM = "binance-usdm"
    HISTORY = "history"  # no connector: a venue whose data comes from files, for `tickerd backtest` alone


class Channel(enum.StrEnum):
    """What is read of each instrument (`connectors.base.CHANNELS`)."""

    QUOTES = "quotes"
    TRADES = "trades"
    BOOK = "book"
    BARS = "bars"
    MARKS = "marks"  # what a futures venue values its contracts at, with the funding rate


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: immutable, by name, no unknown keys."""


class KeepSettings(Table, frozen=True, kw_only=True):
    """`[session.keep]`: how much history stays under `root`; 0 is no limit. Running sessions always stay."""

    max_age_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    max_sessions: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    max_gib: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0

    @property
    def policy(self) -> RetentionPolicy:
        """The same as the journal takes it, which says None where there is no limit."""
        return RetentionPolicy(
            max_age_days=self.max_age_days or None,
            max_sessions=self.max_sessions or None,
            max_total_bytes=int(self.max_gib * GIB) or None,
        )


class SessionSettings(Table, frozen=True, kw_only=True):
    """`[session]`: mode, where sessions are kept, how they are written and how they end."""

    mode: Mode = Mode.PAPER
    root: PathText = "var/sessions"
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    flush: FlushPolicy | None = None
    segment_mib: Annotated[int, Meta(ge=1, le=4096)] = 64
    digest_every: Annotated[int, Meta(ge=1, le=2**31)] = 65_536  # inputs
    sync_budget_s: Annotated[float, Meta(gt=0, le=3600)] = 60.0  # for every feed to be in sync; then the start fails
    drain_budget_s: Annotated[float, Meta(gt=0, le=600)] = 10.0
    keep: KeepSettings = KeepSettings()

    @property
    def flush_policy(self) -> FlushPolicy:
        """What must survive before a command leaves: as set, else the kernel in paper, the disk in live mode."""
        if self.flush is not None:
            return self.flush
        return FlushPolicy.DISK if self.mode is Mode.LIVE else FlushPolicy.OS


class VenueSettings(Table, frozen=True, kw_only=True):
    """`[venues.NAME]`: one venue. Its name in capitals is the suffix of its instruments: `BTCUSDT.BINANCE`.

    URLs left empty are the real venue's. `depth_speed` empty is the fastest. A channel without a frame for its
    `..._stale_s` is stale: its strategies see nothing more of it and the gate refuses orders that need it.
    """

    connector: ConnectorName
    instruments: Annotated[tuple[SymbolText, ...], Meta(min_length=1)]
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)] = (
        Channel.QUOTES,
        Channel.TRADES,
        Channel.BOOK,
    )
    rest_url: Url = ""
    ws_url: Url = ""
    ws_market_url: Url = ""  # USDⓈ-M's second entry point, for its klines; empty: `ws_url`, where that is given
    depth_speed: Literal["", "0ms", "100ms", "250ms", "500ms", "1000ms"] = ""
    snapshot_levels: Annotated[int, Meta(ge=5, le=5000)] = 1000
    bar_interval: str = "1m"

    quotes_stale_s: Seconds = 5.0
    book_stale_s: Seconds = 5.0
    trades_stale_s: Seconds = 60.0
    bars_stale_s: Seconds = 180.0
    marks_stale_s: Seconds = 15.0

    connect_timeout_s: Seconds = 10.0
    request_timeout_s: Seconds = 10.0
    start_timeout_s: Seconds = 20.0
    ping_after_s: Seconds = 10.0
    rotate_after_s: Seconds = 82_800.0  # the venue cuts at 24 h; by then the next connection must stand
    clock_every_s: Seconds = 600.0

    trading: TradingTable | None = None  # live: where orders go; a venue without it is only watched


class StrategySettings(Table, frozen=True, kw_only=True):
    """`[[strategies]]`: one actor. `params` are checked against the strategy's own `Params` once it is loaded."""

    id: StrategyId
    use: StrategyUse
    instruments: Annotated[tuple[InstrumentText, ...], Meta(min_length=1)]
    params: dict[str, object] = {}
    sizing: StrategySizing | None = None  # the rules of its sizes, for one that asks for sizes
    exits: StrategyExits | None = None  # when its positions are closed for it


class PaperSettings(Table, frozen=True, kw_only=True):
    """`[paper]`: what the simulated account starts with, and how the simulated venue behaves."""

    balances: dict[Currency, Decimal] = msgspec.field(default_factory=lambda: {"USDT": Decimal(100_000)})
    sim: SimSettings = SimSettings()


class AccountingSettings(Table, frozen=True, kw_only=True):
    """`[accounting]`: how the books are kept; see docs/accounting.md.

    `lots`: which tax lots a sale closes. Positions are at average cost whatever it says; "fifo" and "lifo" keep lots
    beside them and journal each. `base_currency`: what fees in third currencies are converted to on their way into a
    position, and what reports count in; empty converts nothing. `hedging`: long and short positions apart, each order
    of a contract naming the one that it works on. `check_balances`: whether the gate refuses spot orders that the
    balance does not cover; left out, in live mode alone. `fee_reserve_ppm`: the worst fee of an order, held with it.
    """

    lots: LotMethod = LotMethod.AVERAGE
    base_currency: Annotated[
        str, Meta(pattern=r"^[A-Z0-9]{0,16}$", description='a currency in capitals, such as USDT, or "" for none')
    ] = ""
    hedging: bool = False
    check_balances: bool | None = None
    fee_reserve_ppm: Annotated[int, Meta(ge=0, le=100_000)] = 1_000

    def rules(self, mode: Mode) -> AccountingRules:
        """The same as the order manager takes it."""
        return AccountingRules(
            lots=self.lots,
            base_currency=self.base_currency,
            hedging=self.hedging,
            check_balances=mode is Mode.LIVE if self.check_balances is None else self.check_balances,
            fee_reserve_ppm=self.fee_reserve_ppm,
        )


class DataSettings(Table, frozen=True, kw_only=True):
    """One entry of `data` in `[backtest]`: the folder of a session or a history, or a file that makes a history.

    `kind`: what `source` is (frames, bars, trades; empty: a folder). `instrument`: for bars and trades, the fields of
    the instrument that they are of. `settings`: what else the importer of that kind takes.
    """

    source: Annotated[str, Meta(pattern=r"^[^\s\x00][^\x00]*$", description="a folder or a file")]
    kind: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,32}$", description="a kind of source")] = ""
    instrument: dict[str, object] = {}
    settings: dict[str, object] = {}


TimeText = Annotated[
    str,
    Meta(
        pattern=r"^(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?$",
        description="a time such as 2024-08-08T12:00:00Z (UTC where no zone is given)",
    ),
]


class BacktestSettings(Table, frozen=True, kw_only=True):
    """`[backtest]`: what `tickerd backtest` reads, and what it writes. `tickerd run` passes over it.

    Strategies start at `from`; what is before it only fills the books. Empty times are the data's own. `seed` takes
    the place of `[session] seed`. `equity_every_s` is the step of the equity curve in the data's time; 0 chooses one.
    """

    data: tuple[DataSettings, ...] = ()
    from_: TimeText = msgspec.field(name="from", default="")
    until: TimeText = ""
    driver: Literal["python", "compiled"] = "python"
    journal: bool = False
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    root: PathText = "var/backtests"
    equity_every_s: Annotated[float, Meta(ge=0, le=31_536_000)] = 0.0


class LogSettings(Table, frozen=True, kw_only=True):
    """`[log]`: lines for people (`console`), for machines (`json`), or by whether there is a terminal (`auto`).

    `file` as well as the terminal, rotated at `max_mib`, with `keep` old ones.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    file: PathText = ""
    max_mib: Annotated[int, Meta(ge=1, le=10_240)] = 64
    keep: Annotated[int, Meta(ge=0, le=1000)] = 5


class MetricsSettings(Table, frozen=True, kw_only=True):
    """`[metrics]`: Prometheus text at `http://HOST:PORT/metrics`; port 0 turns it off."""

    host: Host = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 9464


class OperatorSettings(Table, frozen=True, kw_only=True):
    """`[operator]`: the socket by which `tickerd kill` and its like reach this daemon; its folder is ours alone."""

    enabled: bool = True
    folder: PathText = "var/run"
    second_factor: SecretName = ""  # the secret whose codes `arm` and `approve` ask for; empty: none


class ScreenSettings(Table, frozen=True, kw_only=True):
    """`[screen]`: the live table; `auto` shows it where there is a terminal."""

    enabled: bool | Literal["auto"] = "auto"
    refresh_ms: Annotated[int, Meta(ge=50, le=60_000)] = 250


class StoreSettings(Table, frozen=True, kw_only=True):
    """`[store]`: orders, fills, positions and equity as tables in SQLite, written by a process of its own.

    `file` empty: `store.db` under the session root. Rows are committed at `batch` of them, and after `commit_ms`.
    """

    enabled: bool = False
    file: PathText = ""
    batch: Annotated[int, Meta(ge=1, le=1_000_000)] = 5_000
    commit_ms: Annotated[int, Meta(ge=10, le=60_000)] = 500


class Settings(Table, frozen=True, kw_only=True):
    """All settings of one daemon."""

    session: SessionSettings = SessionSettings()
    venues: Annotated[dict[VenueName, VenueSettings], Meta(min_length=1)]
    strategies: tuple[StrategySettings, ...] = ()
    risk: RiskLimits = RiskLimits()
    paper: PaperSettings = PaperSettings()
    live: LiveSettings = LiveSettings()
    accounting: AccountingSettings = AccountingSettings()
    sizing: SizingSettings = SizingSettings()
    hours: dict[Annotated[str, Meta(min_length=1)], HoursTable] = {}
    backtest: BacktestSettings = BacktestSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    operator: OperatorSettings = OperatorSettings()
    guard: GuardSettings = GuardSettings()
    screen: ScreenSettings = ScreenSettings()
    store: StoreSettings = StoreSettings()
    portfolio: PortfolioSettings = PortfolioSettings()
    audit: AuditSettings = AuditSettings()

    @property
    def instruments(self) -> tuple[str, ...]:
        """The full names of all instruments, in the order of the settings."""
        return tuple(instrument_id(symbol, name) for name, venue in self.venues.items() for symbol in venue.instruments)


def instrument_id(symbol: str, venue: str) -> str:
    """Return an instrument's full name: `BTCUSDT` at `[venues.binance]` is `BTCUSDT.BINANCE`."""
    return f"{symbol}.{venue.upper()}"
