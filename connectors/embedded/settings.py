"""How the embedded venue is set up; the command line and tests fill this in."""

import enum
from pathlib import Path

import msgspec

from connectors.embedded.errors import SettingsError
from connectors.embedded.exchange.faults import Script
from connectors.embedded.exchange.members import Member
from connectors.embedded.market import Market


class Start(enum.StrEnum):
    """When frames begin to flow."""

    ALL = "all"  # all streams are subscribed, or no further subscription came for `start_grace_s`
    FIRST = "first"  # at the first subscription
    NOW = "now"  # at once, whether or not anybody listens


class AtEnd(enum.StrEnum):
    """What happens after the last recorded frame."""

    HOLD = "hold"  # connections stay and pings go on
    CLOSE = "close"  # connections are closed, the server stays
    REWIND = "rewind"  # once the last subscriber has left, the recording is ready for the next from its first frame
    LOOP = "loop"  # play again at once; update ids jump back, as no venue's would
    EXIT = "exit"  # connections are closed and the server ends


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve, how fast, and where; times in seconds.

    Either `frames` or `synthetic`. `speed` is a multiple of the recorded pace, None as fast as clients read.
    `market` overrides which market the frames look like; for the synthetic market it says which one to be.
    `accounts` may trade, and the demo account with `demo`. `limit_scale` multiplies the documented request-weight and
    order limits, for benchmarks. `bnb_price` is what a BNB costs in any quote asset, for commissions paid in it.
    USDⓈ-M exchanges funding every `funding_interval_s`, as Binance every 8 hours. `fault_script` is what goes
    wrong with orders and their news, and when (`exchange/faults.py`).
    """

    frames: tuple[Path, ...] = ()
    synthetic: bool = False
    seed: int = 1
    market: Market | None = None
    host: str = "127.0.0.1"
    port: int = 0
    usdm_port: int | None = None
    speed: float | None = 1.0
    start: Start | None = None  # default: ALL for recordings, NOW for the synthetic market
    start_grace_s: float = 2.0
    at_end: AtEnd = AtEnd.HOLD
    wait_snapshot: bool = True
    snapshot_grace_s: float = 5.0
    ping_interval_s: float | None = None  # default: 20 on spot, 180 on USDⓈ-M, as documented
    pong_timeout_s: float | None = None  # default: 60 on spot, 600 on USDⓈ-M, as documented
    connection_life_s: float = 86_400.0
    accounts: tuple[Member, ...] = ()
    demo: bool = True
    limit_scale: int = 1
    bnb_price: str = "600"
    funding_interval_s: float = 28_800.0
    fault_script: Script = Script()

    def __post_init__(self) -> None:
        """Refuse what cannot be served, saying what to do."""
        if bool(self.frames) == self.synthetic:
            raise SettingsError("give either recorded files (--frames FILE ...) or --synthetic, and not both")
        if self.speed is not None and self.speed <= 0:
            raise SettingsError(f"speed is {self.speed}; expected a positive multiple of the recorded pace, or `max`")
        if self.synthetic and self.at_end is not AtEnd.HOLD:
            raise SettingsError("the synthetic market has no end: leave out --at-end")
        if self.limit_scale < 1:
            raise SettingsError(f"limit scale is {self.limit_scale}; expected 1 for the documented limits, or more")

        if self.funding_interval_s < 1:
            raise SettingsError(f"funding interval is {self.funding_interval_s} s; expected 1 or more")

    @property
    def begins(self) -> Start:
        """When frames begin to flow, the default resolved."""
        return self.start or (Start.NOW if self.synthetic else Start.ALL)

    def keepalive(self, market: Market) -> tuple[float, float]:
        """Return the seconds between pings and until a missing pong ends the connection.

        Spot: "will send a ping frame every 20 seconds. If [it] does not receive a pong frame back [...] within a
        minute the connection will be disconnected". USDⓈ-M: every 3 minutes, within 10 minutes.
        """
        ping, pong = (20.0, 60.0) if market is Market.SPOT else (180.0, 600.0)
        return self.ping_interval_s or ping, self.pong_timeout_s or pong
