"""The settings of trading at one Binance venue; the defaults reach the real one."""

import enum

import msgspec

from connectors.binance.settings import DEFAULT_REST_URL, Market

DEFAULT_WS_API_URL = {
    Market.SPOT: "wss://ws-api.binance.com:443/ws-api/v3",
    Market.USDM: "wss://ws-fapi.binance.com/ws-fapi/v1",
}
DEFAULT_PRIVATE_URL = "wss://fstream.binance.com/private"
"""USDⓈ-M: "User Data Streams are accessed at /ws/<listenKey>" of this base."""

RECV_WINDOW_MS_MAX = 60_000


class MarginType(enum.StrEnum):
    """How a futures position is backed."""

    CROSSED = "crossed"
    ISOLATED = "isolated"


class SelfTradePrevention(enum.StrEnum):
    """What becomes of orders of one account that would meet each other; empty: as the symbol has it."""

    VENUE_DEFAULT = ""
    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"  # spot
    TRANSFER = "TRANSFER"  # spot


class TradingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of trading at one venue. URLs left empty are the real venue's.

    `hedge_mode`, `leverage` (by symbol) and `margin_type` say how the account must be set: they are read and compared
    when the session begins, never changed. None, an empty dict and None: as the account has it. `key_check_url` serves
    the key's restrictions (`/sapi/v1/account/apiRestrictions`), which only the spot address has.
    """

    venue: str = "BINANCE"
    market: Market = Market.SPOT
    instruments: tuple[str, ...] = ()  # the symbols that will be traded, known before their rules are
    rest_url: str = ""
    key_check_url: str = ""
    ws_api_url: str = ""
    private_ws_url: str = ""

    recv_window_ms: int = 5000  # "It is recommended to use a small recvWindow of 5000 or less!"
    clock_bound_ms: int = 500  # opening orders wait for nobody: beyond it they are refused
    clock_every_s: float = 60.0
    clock_age_max_s: float = 180.0  # an older measure is not believed: three in a row failed
    rules_every_s: float = 900.0  # the symbols' filters are read again so often, and when an order breaks one

    stp_mode: SelfTradePrevention = SelfTradePrevention.VENUE_DEFAULT
    hedge_mode: bool | None = None
    leverage: dict[str, int] = {}
    margin_type: MarginType | None = None
    alone: bool = False  # nobody else trades on the account: all at a symbol may be cancelled in one request
    dead_man_s: float = 0.0  # USDⓈ-M: the venue cancels all orders so long after our last word; 0: never

    cancel_share: float = 0.2  # of weight, kept for cancels alone
    reduce_share: float = 0.1  # of weight and of order counts, kept from opening orders
    queue_max: int = 500  # commands that wait for their budget; more opening orders are refused
    queue_age_s: float = 1.0  # an opening order that waited longer is refused: its price is old

    answer_timeout_s: float = 5.0  # then the outcome of a request is unknown
    request_timeout_s: float = 10.0  # of REST
    connect_timeout_s: float = 10.0
    start_timeout_s: float = 20.0
    ping_after_s: float = 3.0  # of silence on a connection; as long again without an answer ends it
    rotate_after_s: float = 23 * 3600.0  # "a single connection to the API is only valid for 24 hours"
    listen_key_every_s: float = 1800.0  # its validity of 60 minutes is extended so often

    @property
    def rest_base(self) -> str:
        """Where REST requests go."""
        return (self.rest_url or DEFAULT_REST_URL[self.market]).rstrip("/")

    @property
    def key_check_base(self) -> str:
        """Where the key's restrictions are asked for."""
        spot = self.rest_url or DEFAULT_REST_URL[Market.SPOT]
        return (self.key_check_url or spot).rstrip("/")

    @property
    def ws_api_base(self) -> str:
        """Where orders are entered."""
        return self.ws_api_url or DEFAULT_WS_API_URL[self.market]

    @property
    def private_base(self) -> str:
        """Where USDⓈ-M sends the private stream."""
        return (self.private_ws_url or DEFAULT_PRIVATE_URL).rstrip("/")

    def __post_init__(self) -> None:
        """Refuse what the venue would refuse."""
        if not 0 < self.recv_window_ms <= RECV_WINDOW_MS_MAX:
            raise ValueError(f"recv_window_ms {self.recv_window_ms} is not between 1 and {RECV_WINDOW_MS_MAX}")
        if self.clock_age_max_s < self.clock_every_s:
            raise ValueError(f"clock_age_max_s {self.clock_age_max_s:g} is below clock_every_s {self.clock_every_s:g}")
        if not 0 <= self.cancel_share + self.reduce_share < 1:
            raise ValueError("cancel_share and reduce_share together must leave something for opening orders")
