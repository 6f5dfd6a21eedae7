"""The settings of a drill: a daemon that quotes on the embedded exchange, guarded."""

import os
from collections.abc import Mapping
from pathlib import Path

ACCOUNT = "drill"


def settings_text(venue: Mapping[str, str], folder: Path) -> str:
    """Return the settings; `venue` is what the embedded exchange says of itself."""
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
connector = "binance-spot"
rest_url = "{venue["rest_url"]}"
ws_url = "{venue["ws_url"]}"
instruments = ["ETHUSDT"]
[venues.binance.trading]
key = "demo"
ws_api_url = "{venue["ws_api_url"]}"
recv_window_ms = 5000
[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = {{ quantity = "0.05", half_spread_bps = 20, requote_bps = 5, pause_ms = 50 }}
"""


def environment(venue: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the drill's processes: this one's, without settings of tickerd, with the demo's key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKERD")}
    kept["TICKERD_SECRET_DEMO_API_KEY"] = venue.get("api_key", "")
    kept["TICKERD_SECRET_DEMO_API_SECRET"] = venue.get("api_secret", "")
    return kept
