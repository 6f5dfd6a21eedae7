"""The settings of a drill: a daemon that quotes on the embedded exchange, guarded."""

import os
from collections.abc import Mapping
from pathlib import Path

ACCOUNT = "drill"


MARKETS = ("spot", "usdm")
ENDLESS = "endless"
"""How ids of strategies begin that never return."""

_ENDLESS = '''
from strategies import Strategy, StrategyParams


class Endless(Strategy):
    """Never returns from the first quote after a time; harmless where it starts after it."""

    class Params(StrategyParams, frozen=True):
        at_ns: int = 0

    def on_start(self):
        self.dormant = self.now_ns >= self.params.at_ns
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        while not self.dormant and self.now_ns >= self.params.at_ns:
            pass
'''


def settings_text(venue: Mapping[str, str], folder: Path, market: str) -> str:
    """Return the settings; `venue` is what the embedded exchange says of itself."""
    private = ""
    if market == "usdm":
        private = f'private_ws_url = "{venue["private_ws_url"]}"'
    return f"""
[session]
mode = "live"
root = "{folder / "sessions"}"
flush = "os"
[live]
account = "{ACCOUNT}"
root = "{folder / "accounts"}"
[operator]
folder = "{folder}"
[metrics]
port = 0
[guard]
enabled = true
recheck_s = 0.5
[venues.binance]
connector = "binance-{market}"
rest_url = "{venue["rest_url"]}"
ws_url = "{venue["usdm_ws_url" if market == "usdm" else "ws_url"]}"
instruments = ["ETHUSDT"]
[venues.binance.trading]
key = "demo"
ws_api_url = "{venue["usdm_ws_api_url" if market == "usdm" else "ws_api_url"]}"
{private}
recv_window_ms = 5000
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = {{ quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }}
"""


def endless_text(settings: str, folder: Path, name: str, at_ns: int) -> str:
    """Return settings with a strategy beside that never returns from `at_ns` on; its file is put into `folder`."""
    (folder / "endless.py").write_text(_ENDLESS, encoding="utf-8")
    return f"""{settings}
[[strategies]]
id = "{name}"
use = "{folder / "endless.py"}:Endless"
instruments = ["ETHUSDT.BINANCE"]
params = {{ at_ns = {at_ns} }}
"""


def environment(venue: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the drill's processes: this one's, without settings of tickerd, with the demo's key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKERD")}
    kept["TICKERD_SECRET_DEMO_API_KEY"] = venue.get("api_key", "")
    kept["TICKERD_SECRET_DEMO_API_SECRET"] = venue.get("api_secret", "")
    return kept
