"""One session from settings to seal: folder, journal, engine, event loop, signals, screen, summary."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog
import uvloop

from config.compose import engine_settings, session_head
from config.invocation import command_line
from config.load import Config
from config.secrets import read_secret
from config.settings import LogSettings, Mode, Settings
from config.strategies import load_strategies
from core.commands import KILL, LOGIN_REFUSED
from core.effects import Alert, Severity
from core.events import CommandReceived, LifecycleState
from core.scopes import ALL
from daemon.app import Daemon
from daemon.audit.alerts import OpenAlerts, acknowledging, alerts_file, keep, keep_last
from daemon.audit.keeper import AuditKeeper, signing_key
from daemon.audit.retention import removal
from daemon.clock import SessionClock
from daemon.errors import ExitCode, SessionOver, UsageError
from daemon.lines import Lines
from daemon.live.account import Account
from daemon.live.trading import Secrets, refuse_missing
from daemon.logs import Logs, configure_logging
from daemon.metrics import MetricsServer
from daemon.notices import Notices
from daemon.operator.adding import adding_of
from daemon.operator.client import SUFFIX
from daemon.operator.codes import Codes
from daemon.operator.door import Door
from daemon.operator.kill_file import watch_kill_file
from daemon.operator.operated import Operated
from daemon.operator.who import user_of
from daemon.portfolio import PortfolioWorker
from daemon.queries import queries_of
from daemon.screen import ScreenProcess
from daemon.status import Status
from daemon.store.place import store_file
from daemon.store.process import StoreProcess
from daemon.summary import Summary, print_summary
from daemon.warmup import warm_up
from engine.build import build_engine
from journal.audit.keys import SigningKey
from journal.errors import JournalError
from journal.folders import create_session_folder
from journal.retention import apply_retention
from journal.writer import JournalWriter
from oms.state import saved_state

log = structlog.get_logger("tickerd")
MIB = 1 << 20
LOG_NAME = "tickerd.log"


class Output:
    """Where the session is told: a screen (live, or plain lines without a terminal), or one JSON object a line."""

    def __init__(self, *, as_json: bool) -> None:
        """Tell nothing yet; `screen` is set once there is one."""
        self.screen: ScreenProcess | None = None
        self._lines = Lines(sys.stdout.fileno()) if as_json else None

    def session(self, folder: Path) -> None:
        """Tell where the session is kept, first of all."""
        if self._lines is not None:
            self._lines.put(msgspec.json.encode({"event": "session", "session": str(folder)}))
        else:
            sys.stdout.write(f"session {folder}\n")
            sys.stdout.flush()

    def status(self, status: Status) -> None:
        """Tell the present state; nobody is waited for."""
        if self.screen is not None:
            self.screen.show(status)
        elif self._lines is not None:
            self._lines.offer(_event("status", status))

    def end(self, status: Status, summary: Summary) -> None:
        """Tell the last state and how the session went."""
        if self.screen is not None:
            self.screen.close(status)
        if self._lines is not None:
            self._lines.put(_event("status", status))
            self._lines.put(_event("summary", summary))
        else:
            print_summary(summary)


def _event(name: str, struct: msgspec.Struct) -> bytes:
    """Return one line of `--json`."""
    return msgspec.json.encode({"event": name, **msgspec.to_builtins(struct)})


def run_session(
    config: Config,
    *,
    for_s: float | None,
    as_json: bool,
    plain: bool,
    labels: tuple[str, ...] = (),
    secrets: Secrets = read_secret,
) -> ExitCode:
    """Run one session to its end and return the exit code; `secrets` tells a secret by its name.

    Raises ConfigError, JournalError, StartFailed.
    """
    killed = _killed_early()
    settings = config.settings
    show_screen = wants_screen(settings, as_json=as_json)
    on_terminal = show_screen and not plain and sys.stdout.isatty()
    loaded = load_strategies(config)
    _look_for_secrets(settings, secrets)
    key = signing_key(settings.audit)
    clock = SessionClock()
    account = Account.take(config) if settings.session.mode is Mode.LIVE else None
    started_ns = clock.now_ns()
    engine = build_engine(engine_settings(settings, loaded, started_ns))
    folder = create_session_folder(Path(settings.session.root), started_ns, settings.session.mode.value)
    if account is not None:
        account.lease.hold(folder, started_ns, account.before)
    # On a terminal the screen has the last word: logs go beside the session.
    logs = start_logging(settings.log, folder / LOG_NAME if on_terminal else None)
    head = session_head(settings, loaded, started_ns, folder.name, labels)
    journal = JournalWriter.create(folder, head, segment_bytes=settings.session.segment_mib * MIB)
    if account is not None and (carried := account.carried) is not None:
        log.info("state carried", session=carried.session, seq=carried.seq, bytes=len(carried.state))
    keeper = None if key is None else AuditKeeper(settings.audit, key, journal, clock.now_ns)
    output = Output(as_json=as_json)
    output.session(folder)
    if show_screen:
        output.screen = ScreenProcess.start(run_for_ns=None if for_s is None else int(for_s * 1e9), plain=plain)
    store = start_store(settings, folder)
    warm_up()
    gc.collect()
    gc.freeze()

    async def main() -> Daemon:
        daemon = Daemon(settings, engine, journal, clock, list(labels), account, secrets)
        await _live(daemon, settings, output, logs, store, account, keeper, for_s, killed)
        return daemon

    try:
        daemon = uvloop.run(main())
    finally:
        if store is not None and (problem := store.close()):
            log.error("the store is behind", reason=problem)
        logs.close()
        if account is not None:
            account.lease.release()
    output.end(daemon.status(), summary_of(daemon, folder))
    retain(settings, key, clock.now_ns())
    return daemon.exit_code


def _look_for_secrets(settings: Settings, secrets: Secrets) -> None:
    """Look whether every secret is there before anything begins. Raises SecretMissing, SecretExposed, UsageError."""
    _codes_of(settings, secrets)
    if settings.session.mode is Mode.LIVE:
        refuse_missing(settings, secrets)


def _codes_of(settings: Settings, secrets: Secrets) -> Codes | None:
    """Return what knows the codes of the second factor, None where none is asked for."""
    name = settings.operator.second_factor
    return Codes(name, secrets(name)) if name else None


def retain(settings: Settings, key: SigningKey | None, now_ns: int) -> None:
    """Remove what `[session.keep]` gives up; what is signed only where it was verified and anchored."""
    guardian = None if key is None else removal(settings.audit, now_ns, key=key)
    report = apply_retention(Path(settings.session.root), settings.session.keep.policy, now_ns, guardian=guardian)
    for name, why in report.spared.items():
        log.warning("kept beyond [session.keep]", session=name, reason=why)


async def _live(
    daemon: Daemon,
    settings: Settings,
    output: Output,
    logs: Logs,
    store: StoreProcess | None,
    account: Account | None,
    keeper: AuditKeeper | None,
    for_s: float | None,
    killed: Sequence[int],
) -> None:
    """Run the daemon with signals caught, status told and metrics served."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stopper(daemon, number))
    loop.add_signal_handler(signal.SIGUSR1, _kill, daemon)
    if killed:
        _kill(daemon)
    alerts = daemon.projection.open_alerts = OpenAlerts(alerts_file(settings), daemon.journal.folder.name)
    alerts.load()
    metrics = start_metrics(settings)
    door = await open_door(daemon, settings)
    teller = loop.create_task(_tell(daemon, output, metrics, logs, store, settings.screen.refresh_ms / 1000))
    teller.add_done_callback(_told_no_more)
    beside = [teller, loop.create_task(keep(alerts))]
    if settings.operator.enabled:
        beside.append(loop.create_task(watch_kill_file(Path(settings.operator.folder), daemon.command)))
    if settings.portfolio.enabled:
        worker = PortfolioWorker(settings, daemon.engine, daemon.clock.now_ns, daemon.take)
        beside.append(loop.create_task(worker.run()))
    if account is not None and settings.guard.enabled:
        from daemon.guard.beating import guard_link

        beside.append(loop.create_task(guard_link(daemon, settings, account).run()))
    if keeper is not None:
        daemon.projection.audit = keeper.seen
        beside.append(loop.create_task(_keep_trail(daemon, keeper)))
    try:
        await daemon.run(for_s)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        for problem in [] if keeper is None else await asyncio.to_thread(keeper.end):
            log.error("audit trail", reason=problem, hint="`tickerd audit verify` tells what is signed and what is not")
        await keep_last(alerts)
        if door is not None:
            await door.close()
        if metrics is not None:
            metrics.close()


async def open_door(daemon: Daemon, settings: Settings) -> Door | None:
    """Return the operator's socket, listening, None where the settings want none. Raises UsageError, SecretMissing."""
    if not settings.operator.enabled:
        return None
    short = daemon.journal.folder.name.rpartition("-")[2]
    path = Path(settings.operator.folder) / f"{settings.session.mode.value}-{short}{SUFFIX}"

    def lifecycle() -> LifecycleState:
        return daemon.engine.lifecycle

    command = acknowledging(daemon.projection.open_alerts, daemon.command, lifecycle, daemon.clock.now_ns)

    def refused(source: str, why: str) -> None:
        try:
            user = user_of(source)
            daemon.command(CommandReceived(name=LOGIN_REFUSED, source=source, reason=why, user=user))
        except SessionOver as error:
            log.warning("a login was refused", source=source, reason=str(error))

    codes = _codes_of(settings, read_secret)

    def why_not(code: str, source: str) -> str:
        if codes is not None and (why := codes.why_not(code, time.time())):
            refused(source, why)
            return why
        return ""

    adding = adding_of(settings.session.mode, daemon.engine)
    door = Door(path, Operated(command, queries_of(daemon), adding, why_not), refused)
    await door.open()
    return door


async def _keep_trail(daemon: Daemon, keeper: AuditKeeper) -> None:
    """Sign for the journal while the session lives; what fails is shown, and is no part of what replays."""
    try:
        await keeper.run(lambda alert: daemon.projection.watch(daemon.clock.now_ns(), alert))
    except JournalError:
        daemon.take([])  # the journal's failure is latched: the session ends as it would at any other write


def _told_no_more(teller: asyncio.Task[None]) -> None:
    """Log why the state is told no more; trading goes on without anyone who looks."""
    if not teller.cancelled() and (error := teller.exception()) is not None:
        log.error("the state is told no more: a defect", reason=repr(error), exc_info=error)


def _stopper(daemon: Daemon, number: signal.Signals) -> Callable[[], None]:
    """Return the handler of one signal."""
    return lambda: daemon.stop(f"{number.name} received", f"signal:{number.name}")


def _killed_early() -> list[int]:
    """Return what is filled by a SIGUSR1 that comes before there is a daemon: it kills trading, not the process."""
    killed: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _frame: killed.append(number))
    return killed


def _kill(daemon: Daemon) -> None:
    """Kill trading: cancel everything, and let nothing but cancels pass until a person arms it again."""
    source = f"signal:{signal.SIGUSR1.name}"
    try:
        daemon.command(CommandReceived(name=KILL, scope=ALL, source=source, reason="killed by signal"))
    except SessionOver as error:
        log.warning("nothing left to kill", reason=str(error))


async def _tell(
    daemon: Daemon,
    output: Output,
    metrics: MetricsServer | None,
    logs: Logs,
    store: StoreProcess | None,
    every_s: float,
) -> None:
    """Tell the state every so often."""
    notices = Notices()
    while True:
        status = daemon.status()
        output.status(status)
        notices.look(status)
        if metrics is not None:
            metrics.publish(status, daemon.projection.refusals, daemon.projection.alert_counts)
        logs.tell_repeats()
        if store is not None and (problem := store.look()):
            # Of the machine, not of the session: shown and logged as an alert, and no part of what replays.
            alert = Alert(severity=Severity.ERROR, code="STORE", message=problem)
            daemon.projection.watch(daemon.clock.now_ns(), alert)
        await asyncio.sleep(every_s)


def start_metrics(settings: Settings) -> MetricsServer | None:
    """Serve metrics where settings say so; a port that is taken is told, and does not keep a session from trading."""
    if not settings.metrics.port:
        return None
    try:
        return MetricsServer(settings.metrics.host, settings.metrics.port).start()
    except OSError as error:
        log.warning("no metrics", reason=str(error), hint="choose another [metrics] port, or 0 for none")
        return None


def start_store(settings: Settings, folder: Path) -> StoreProcess | None:
    """Have the store follow the session where settings say so; without it the session is as good, and tells."""
    if not settings.store.enabled:
        return None
    store = settings.store
    try:
        return StoreProcess(folder, store_file(settings), batch=store.batch, commit_ms=store.commit_ms)
    except OSError as error:
        log.warning("no store", reason=str(error), hint="`tickerd store rebuild` makes it from the journals")
        return None


def start_logging(settings: LogSettings, beside: Path | None) -> Logs:
    """Log to the configured file, else beside the session where the screen has the terminal, else to stderr."""
    file = Path(settings.file) if settings.file else beside
    try:
        return configure_logging(settings.level, settings.format, file, settings.max_mib * MIB, settings.keep)
    except OSError as error:
        raise UsageError(f"cannot log to {file}: {error}; choose another [log] file") from error


def wants_screen(settings: Settings, *, as_json: bool) -> bool:
    """Whether the state is to be shown as it changes. Raises UsageError where it was asked for and cannot be."""
    if settings.screen.enabled is True and (as_json or not sys.stdout.isatty()):
        raise UsageError('[screen] enabled = true needs a terminal and no --json; use "auto"')
    return not as_json and settings.screen.enabled is not False


def summary_of(daemon: Daemon, folder: Path) -> Summary:
    """Return how the session went."""
    status, projection = daemon.status(), daemon.projection
    return Summary(
        session=str(folder),
        state=daemon.seal_state.value,
        reason=daemon.end_reason,
        duration_ns=status.uptime_ns,
        inputs=status.inputs,
        effects=status.effects,
        orders=status.orders,
        fills=projection.fills,
        refusals=dict(projection.refusals),
        malformed=status.malformed,
        positions=status.positions,
        tick_to_order_p50_ns=status.tick_to_order_p50_ns,
        tick_to_order_p99_ns=status.tick_to_order_p99_ns,
        digest=daemon.digest.hex(),
        replay=command_line("replay", str(folder), "--verify"),
        labels=status.labels,
        carried_from="" if daemon.carried is None else daemon.carried.session,
        carried_orders=0 if daemon.carried is None else saved_state(daemon.carried.state).submitted,
    )
