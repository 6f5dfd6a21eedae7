"""`tickerd guard`: from settings to a guard that listens."""

import asyncio
import fcntl
import os
import signal
from pathlib import Path

import msgspec
import structlog
import uvloop

from config.load import Config
from config.settings import Mode, Settings
from config.venues import binance_trading
from connectors.binance.trading.clearing.transport import Clearer
from daemon.clock import SessionClock
from daemon.errors import AccountBusy, StartFailed, UsageError
from daemon.guard.protocol import socket_of
from daemon.guard.server import TICK_S, Guard, on_signal
from daemon.guard.watch import Watch
from daemon.live.approved import mind_of, refuse_other_build
from daemon.live.latch import GuardLatch
from daemon.live.trading import Secrets, credentials_of
from daemon.operator.door import Door

LOCK_NAME = "guard.lock"
_NICE = -10
_NS = 1_000_000_000
_NS_PER_MS = 1_000_000

log = structlog.get_logger("tickerd")


def run_guard(config: Config, secrets: Secrets) -> None:
    """Guard the account of these settings until SIGTERM or SIGINT. Raises UsageError, ConfigError, StartFailed."""
    settings = config.settings
    if settings.session.mode is not Mode.LIVE:
        raise UsageError('there is nothing to guard in paper mode: use settings with [session] mode = "live"')
    if not settings.guard.enabled:
        raise UsageError("the daemon of these settings would not beat: set [guard] enabled = true")
    refuse_other_build(settings)
    folder = Path(settings.live.root) / settings.live.account
    latch = GuardLatch.open(folder)
    lock = _lock(folder)
    clock = SessionClock()
    _come_first()
    try:
        uvloop.run(_main(settings, latch, clearers_of(settings, secrets, clock), clock))
    finally:
        os.close(lock)


def _come_first() -> None:
    """Run before the daemon where a core has to be shared: a loop that spins takes one, and is what we are here for."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    except PermissionError:
        log.info("ordinary priority: late where every core is taken", hint="CPUSchedulingPolicy=rr, see docs/guard.md")


def clearers_of(settings: Settings, secrets: Secrets, clock: SessionClock) -> dict[str, Clearer]:
    """Return what clears each venue that orders go to. Raises SecretMissing, SecretExposed."""
    clearers: dict[str, Clearer] = {}
    for name, venue in settings.venues.items():
        if venue.trading is None:
            continue
        told = binance_trading(
            name, venue, hedging=settings.accounting.hedging, alone=settings.live.foreign_orders != "ignore"
        )
        told = msgspec.structs.replace(told, request_timeout_s=settings.guard.request_timeout_s)
        clearers[name.upper()] = Clearer(told, credentials_of(venue.trading, secrets), clock.now_ns, venue.instruments)
    return clearers


async def _main(settings: Settings, latch: GuardLatch, clearers: dict[str, Clearer], clock: SessionClock) -> None:
    """Listen and guard."""
    table = settings.guard
    watch = Watch(table.patience_ms * _NS_PER_MS, int(TICK_S * _NS))
    guard = Guard(
        settings.live.account,
        watch,
        latch,
        clearers,
        Path(settings.operator.folder),
        clock.now_ns,
        mind=mind_of(settings),
        warm_s=table.warm_s,
        recheck_s=table.recheck_s,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, on_signal, guard)
    path = socket_of(settings.operator.folder, settings.live.account)
    path.unlink(missing_ok=True)  # of a guard that was killed: the lock says that none lives
    door = Door(path, guard)
    await door.open()
    log.info("guarding", account=settings.live.account, venues=sorted(clearers), socket=str(path))
    try:
        await guard.run(stop)
    finally:
        await door.close()


def _lock(folder: Path) -> int:
    """Take the right to guard the account. Raises AccountBusy, StartFailed."""
    try:
        fd = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartFailed(f"cannot lock {folder / LOCK_NAME}: {error}; check [live] root") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise AccountBusy(f"account {folder.name} is guarded already; one guard guards an account") from None
    return fd
