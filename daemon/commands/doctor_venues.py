"""The doctor on the venues of the settings: whether each answers, and how far its clock is from ours."""

import asyncio
import time
from collections.abc import Iterator

from config.errors import ConfigError
from config.secrets import read_secret
from config.settings import Mode, Settings
from config.venues import binance_settings
from connectors.binance.requests import time_url
from connectors.binance.rest import accept, clock_sample, read_server_time
from connectors.errors import ConnectorError
from connectors.rest.transport import RestClient
from daemon.commands.doctor_finding import Finding, fail, ok, warn
from daemon.live.trading import secret_names

TIMEOUT_S_MAX = 5.0
OFFSET_NS_MAX = 1_000_000_000


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of each venue."""
    for name, venue in settings.venues.items():
        url = time_url(binance_settings(name, venue))
        yield reach(name, url, min(venue.request_timeout_s, TIMEOUT_S_MAX))


def secrets_findings(settings: Settings) -> Iterator[Finding]:
    """Yield whether the secrets of live trading are there; what they are is told to nobody."""
    if settings.session.mode is not Mode.LIVE:
        return
    for name, venue in settings.venues.items():
        if venue.trading is None:
            continue
        check = f"secrets {name}"
        try:
            for each in secret_names(venue.trading):
                read_secret(each)
        except ConfigError as error:
            yield fail(check, str(error), "docs/live.md says where secrets are read from")
        else:
            yield ok(check, f"{' and '.join(secret_names(venue.trading))} are there")


def reach(name: str, url: str, timeout_s: float) -> Finding:
    """Ask a venue for its time; not to reach it keeps a session from starting now, not for ever."""
    check = f"venue {name}"
    try:
        asked_ns, answered_ns, server_ns = asyncio.run(_ask(url, timeout_s))
    except ConnectorError as error:
        return warn(check, str(error), "check the network and the venue's rest_url; the doctor asks for its time")
    sample = clock_sample(asked_ns, answered_ns, server_ns)
    found = f"answered in {(answered_ns - asked_ns) / 1e6:.0f} ms, its clock {sample.offset_ns / 1e6:+.0f} ms from ours"
    if abs(sample.offset_ns) > OFFSET_NS_MAX:
        return warn(check, found, "set this machine's clock (NTP): venues refuse requests that are off by seconds")
    return ok(check, found)


async def _ask(url: str, timeout_s: float) -> tuple[int, int, int]:
    """Return when the venue was asked, when it had answered, and the time it gave, all in ns."""
    async with RestClient(timeout_s) as client:
        asked_ns = time.time_ns()
        answer = await client.get(url)
        return asked_ns, time.time_ns(), read_server_time(accept(answer, url))
