"""One session from settings to seal: folder, journal, engine, event loop, signals, screen, summary."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
import uvloop

from config.load import Config
from config.settings import LogSettings, Settings
from config.strategies import load_strategies
from daemon.app import Daemon
from daemon.clock import SessionClock
from daemon.compose import engine_settings, session_head
from daemon.errors import ExitCode, UsageError
from daemon.logs import configure_logging
from daemon.metrics import MetricsServer
from daemon.screen import ScreenProcess
from daemon.status import Status
from daemon.summary import Summary, render_text
from daemon.warmup import warm_up
from engine.build import build_engine
from journal.folders import create_session_folder
from journal.retention import RetentionPolicy, retain
from journal.writer import JournalWriter

log = structlog.get_logger("tickerd")
MIB = 1 << 20
LOG_NAME = "tickerd.log"


class Output:
    """Where the session is told: a live screen, plain lines, or one JSON object a line."""

    def __init__(self, *, as_json: bool, screen: ScreenProcess | None) -> None:
        """Tell through `screen` where there is one."""
        self._as_json = as_json
        self._screen = screen

    def session(self, folder: Path) -> None:
        """Tell where the session is kept, first of all."""
        if self._as_json:
            self._line({"event": "session", "session": str(folder)})
        elif self._screen is None:
            sys.stdout.write(f"session {folder}\n")
            sys.stdout.flush()

    def status(self, status: Status) -> None:
        """Tell the present state."""
        if self._screen is not None:
            self._screen.show(status)
        elif self._as_json:
            self._line({"event": "status", **msgspec.to_builtins(status)})

    def summary(self, summary: Summary, folder: Path) -> None:
        """Tell how it ended."""
        if self._screen is not None:
            self._screen.close()
            sys.stdout.write(f"session {folder}\n")
        if self._as_json:
            self._line({"event": "summary", **msgspec.to_builtins(summary)})
        else:
            sys.stdout.write(render_text(summary) + "\n")
            sys.stdout.flush()

    def _line(self, fields: dict[str, object]) -> None:
        """Write one object."""
        sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")
        sys.stdout.flush()


def run_session(
    config: Config, *, for_s: float | None, as_json: bool, show_screen: bool, labels: tuple[str, ...] = ()
) -> ExitCode:
    """Run one session to its end and return the exit code. Raises ConfigError, JournalError, StartFailed."""
    settings = config.settings
    loaded = load_strategies(config)
    clock = SessionClock()
    started_ns = clock.now_ns()
    engine = build_engine(engine_settings(settings, loaded, started_ns))
    root = Path(settings.session.root)
    folder = create_session_folder(root, started_ns, settings.session.mode.value)
    start_logging(settings.log, folder / LOG_NAME if show_screen else None)
    journal = JournalWriter.create(
        folder,
        session_head(settings, loaded, started_ns, folder.name, labels),
        segment_bytes=settings.session.segment_mib * MIB,
    )
    screen = ScreenProcess.start() if show_screen else None
    output = Output(as_json=as_json, screen=screen)
    output.session(folder)
    warm_up()
    gc.collect()
    gc.freeze()

    async def main() -> Daemon:
        daemon = Daemon(settings, engine, journal, clock, list(labels))
        await _live(daemon, settings, output, for_s)
        return daemon

    daemon = uvloop.run(main())
    output.summary(summary_of(daemon, folder), folder)
    keep = settings.session.keep
    retain(root, RetentionPolicy(max_age_days=keep.max_age_days, max_sessions=keep.max_sessions, max_gib=keep.max_gib))
    return daemon.exit_code


async def _live(daemon: Daemon, settings: Settings, output: Output, for_s: float | None) -> None:
    """Run the daemon with signals caught, status told and metrics served."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stopper(daemon, number))
    metrics = start_metrics(settings)
    teller = loop.create_task(_tell(daemon, output, metrics, settings.screen.refresh_ms / 1000))
    try:
        await daemon.run(for_s)
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
        output.status(daemon.status())
        if metrics is not None:
            metrics.close()


def _stopper(daemon: Daemon, number: signal.Signals) -> Callable[[], None]:
    """Return the handler of one signal."""
    return lambda: daemon.stop(f"{number.name} received", f"signal:{number.name}")


async def _tell(daemon: Daemon, output: Output, metrics: MetricsServer | None, every_s: float) -> None:
    """Tell the state every so often."""
    while True:
        status = daemon.status()
        output.status(status)
        if metrics is not None:
            metrics.publish(status)
        await asyncio.sleep(every_s)


def start_metrics(settings: Settings) -> MetricsServer | None:
    """Serve metrics where settings say so; a port that is taken is told, and does not keep a session from trading."""
    if not settings.metrics.port:
        return None
    try:
        server = MetricsServer(settings.metrics.host, settings.metrics.port)
        server.start()
    except OSError as error:
        log.warning("no metrics", reason=str(error), hint="choose another [metrics] port, or 0 for none")
        return None
    return server


def start_logging(settings: LogSettings, beside: Path | None) -> None:
    """Log to the configured file, else beside the session where the screen has the terminal, else to stderr."""
    file = Path(settings.file) if settings.file else beside
    configure_logging(settings.level, settings.format, file, settings.max_mib * MIB, settings.keep)


def wants_screen(settings: Settings, *, as_json: bool, plain: bool) -> bool:
    """Whether the live table is to be shown. Raises UsageError where it was asked for and cannot be."""
    wish = settings.screen.enabled
    if as_json or plain or wish is False:
        return False
    if wish is True and not sys.stdout.isatty():
        raise UsageError('[screen] enabled = true needs a terminal; use "auto", or run with --json')
    return True


def summary_of(daemon: Daemon, folder: Path) -> Summary:
    """Return how the session went."""
    raise NotImplementedError
