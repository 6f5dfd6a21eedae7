"""The settings of one Binance venue; the defaults reach the real one."""

import enum

import msgspec


class Market(enum.StrEnum):
    """Which of Binance's markets."""

    SPOT = "spot"
    USDM = "usdm"


DEFAULT_REST_URL = {Market.SPOT: "https://api.binance.com", Market.USDM: "https://fapi.binance.com"}
# USDⓈ-M splits its streams over two entry points since 2026-04-23: "Public (high-frequency public market data):
# wss://fstream.binance.com/public; Market (regular market data): wss://fstream.binance.com/market".
DEFAULT_WS_URL = {Market.SPOT: "wss://stream.binance.com:9443", Market.USDM: "wss://fstream.binance.com/public"}
DEFAULT_WS_MARKET_URL = {Market.SPOT: "", Market.USDM: "wss://fstream.binance.com/market"}


class BinanceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one venue. URLs left empty are the real venue's; times are seconds.

    `ws_market_url` serves the klines and mark prices of USDⓈ-M; where only `ws_url` is given, it serves everything.
    `depth_speed`: spot "100ms" or "1000ms"; USDⓈ-M "0ms", "100ms", "250ms" or "500ms"; empty: the fastest.
    """

    venue: str = "BINANCE"
    market: Market = Market.SPOT
    rest_url: str = ""
    ws_url: str = ""
    ws_market_url: str = ""
    instruments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("quotes", "trades", "book")
    depth_speed: str = ""
    snapshot_levels: int = 1000  # REST weight 50 on spot, 20 on USDⓈ-M
    bar_interval: str = "1m"

    quotes_stale_s: float = 5.0
    book_stale_s: float = 5.0
    trades_stale_s: float = 60.0
    bars_stale_s: float = 180.0
    marks_stale_s: float = 15.0

    connect_timeout_s: float = 10.0
    request_timeout_s: float = 10.0
    start_timeout_s: float = 20.0
    ping_after_s: float = 10.0  # of silence on the connection; as long again without an answer ends it
    rotate_after_s: float = 23 * 3600.0  # "a single connection is only valid for 24 hours"
    clock_every_s: float = 600.0

    @property
    def rest_base(self) -> str:
        """Where REST requests go."""
        return (self.rest_url or DEFAULT_REST_URL[self.market]).rstrip("/")

    @property
    def ws_base(self) -> str:
        """Where high-frequency streams come from."""
        return (self.ws_url or DEFAULT_WS_URL[self.market]).rstrip("/")

    @property
    def ws_market_base(self) -> str:
        """Where regular streams come from."""
        if self.ws_market_url or self.ws_url:
            return (self.ws_market_url or self.ws_url).rstrip("/")
        return (DEFAULT_WS_MARKET_URL[self.market] or self.ws_base).rstrip("/")
