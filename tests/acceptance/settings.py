"""Settings files as a user would write them."""

from pathlib import Path

from tests.acceptance.processes import Venue, environment


def venue_table(
    venue: Venue, *symbols: str, name: str = "binance", connector: str = "binance-spot", extra: str = ""
) -> str:
    """One `[venues.NAME]` that leads to the embedded venue."""
    listed = ", ".join(f'"{symbol}"' for symbol in symbols)
    ws_url = venue.usdm_ws_url if connector == "binance-usdm" else venue.ws_url
    return f"""
[venues.{name}]
connector = "{connector}"
rest_url = "{venue.rest_url}"
ws_url = "{ws_url}"
instruments = [{listed}]
channels = ["quotes", "trades", "book"]
{extra}
"""


def live_tables(venue: Venue, folder: Path, name: str = "binance", **live: object) -> str:
    """What live trading needs on the embedded exchange: the account under `folder`, its key by the name `demo`."""
    lines = "\n".join(f"{key} = {value}" for key, value in live.items())
    window_ms = min(5000, int(1000 * float(str(live.get("visibility_lag_s", 5)))))  # valid no longer than that
    return f"""
[venues.{name}.trading]
key = "demo"
ws_api_url = "{venue.ws_api_url}"
recv_window_ms = {window_ms}
[live]
account = "demo"
root = "{folder / "accounts"}"
{lines}
"""


def live_environment(venue: Venue) -> dict[str, str]:
    """The environment of a daemon that trades live on the embedded exchange."""
    return environment(TICKERD_SECRET_DEMO_API_KEY=venue.api_key, TICKERD_SECRET_DEMO_API_SECRET=venue.api_secret)


def write_settings(
    folder: Path, *tables: str, session: str = "", mode: str = "paper", operator: Path | None = None
) -> Path:
    """A settings file in `folder` whose sessions are kept beside it, without metrics: ports are scarce in tests.

    `operator` is where the operator's socket shall be, none without one: a socket's path must be short.
    """
    head = f"""
[session]
mode = "{mode}"
root = "{folder / "sessions"}"
{session}
[metrics]
port = 0
[operator]
folder = "{operator or folder / "run"}"
enabled = {str(operator is not None).lower()}
"""
    path = folder / "settings.toml"
    path.write_text(head + "\n".join(tables))
    return path


def strategy_tables(instrument: str) -> str:
    """Both built-in strategies on one instrument, busy enough to have orders, fills and refusals."""
    return f"""
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["{instrument}"]
params = {{ fast = 20, slow = 100, quantity = "0.01" }}

[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["{instrument}"]
params = {{ quantity = "0.01", half_spread_bps = 1.0, requote_bps = 1.0, max_inventory = "0.05" }}
"""
