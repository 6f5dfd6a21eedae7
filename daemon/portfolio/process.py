"""The daemon's end of the risk worker: asked for figures every so often, looked after, never waited for by trading.

One question is under way at a time, so a slow worker gets fewer, not more. What becomes of the worker is told like its
figures: an input, journaled, so that a limit that distrusts old figures does the same in a replay.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from config.invocation import child
from config.settings import Settings
from core.events import LifecycleState
from core.portfolio import PortfolioRisk
from core.records import NO_INSTRUMENT, Event, Kind
from daemon.errors import DaemonError
from daemon.portfolio.setup import setup_of
from daemon.portfolio.snapshot import base_of, snapshot_of
from engine.engine import Engine
from risk.portfolio.messages import Snapshot

ANSWER_BYTES_MAX = 1 << 24
RESTART_FIRST_S = 1.0
RESTART_MOST_S = 60.0
READY_LOOK_S = 0.2
ENDING_S = 1.0

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""numpy would take every core, those that trade included, and sum in an order that depends on how many there are."""

log = structlog.get_logger("tickerd")


class _Lost(DaemonError):
    """The worker is of no use any more; the message says why."""


class PortfolioWorker:
    """Keeps one worker process running beside a session, and has its answers sequenced."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        now_ns: Callable[[], int],
        sink: Callable[[list[Event]], None],
        *,
        command: Sequence[str] = (),
    ) -> None:
        """Read `engine`, tell `sink`; `command` takes the place of our own child, for tests."""
        self.pid: int | None = None
        self._settings = settings
        self._engine = engine
        self._now_ns = now_ns
        self._sink = sink
        own, environ = child("daemon.portfolio")
        self._environ = {**environ, **ONE_THREAD}
        self._command = list(command) or own
        self._wait_s = RESTART_FIRST_S
        self._decoder = msgspec.json.Decoder(PortfolioRisk)
        self._encoder = msgspec.json.Encoder()

    async def run(self) -> None:
        """Ask for as long as the session lasts; a worker that is lost is told and started again, ever later."""
        while True:
            try:
                await self._with_worker()
            except (_Lost, OSError) as error:
                self._tell_problem(f"the risk worker was lost: {error}; {self._again()}")
            except Exception as error:
                log.exception("a defect of the portfolio's snapshots", reason=repr(error))
                self._tell_problem(f"a defect, {error!r}: no snapshot could be taken; {self._again()}")
            await asyncio.sleep(self._wait_s)
            self._wait_s = min(RESTART_MOST_S, self._wait_s * 2)

    def _again(self) -> str:
        return f"it is started again in {self._wait_s:g} s; the figures age meanwhile"

    async def _with_worker(self) -> None:
        """Start a worker and ask it until it is lost. Raises _Lost, OSError."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=ANSWER_BYTES_MAX,
            start_new_session=True,  # a terminal's signals are the daemon's matter
        )
        self.pid = process.pid
        try:
            await self._ask_on(process)
        finally:
            self.pid = None
            if process.returncode is None:
                process.kill()  # its file is only ever appended to: nothing is lost but the bar under way
            await process.wait()

    async def _ask_on(self, process: asyncio.subprocess.Process) -> None:
        """Ask at every turn. Raises _Lost, OSError."""
        assert process.stdin is not None, "it was given a pipe"
        process.stdin.write(self._encoder.encode(setup_of(self._settings)) + b"\n")
        loop, due = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self._engine.lifecycle is not LifecycleState.READY:
                due = loop.time() + READY_LOOK_S
                continue
            due = loop.time() + self._settings.portfolio.every_s
            snapshot = self._snapshot()
            if snapshot is not None:
                self._tell(await self._ask(process, snapshot))
                self._wait_s = RESTART_FIRST_S

    def _snapshot(self) -> Snapshot | None:
        """Return the present snapshot, None where there is no currency to count in: that is told."""
        settings = self._settings
        base = base_of(settings.portfolio, settings.accounting.base_currency, self._engine.markets)
        now_ns = self._now_ns()
        if base:
            return snapshot_of(self._engine, settings.portfolio, base, now_ns)
        why = "the instruments are priced in several currencies: name one in [portfolio] base_currency"
        self._tell_problem(why, "setup")
        return None

    async def _ask(self, process: asyncio.subprocess.Process, snapshot: Snapshot) -> PortfolioRisk:
        """Return the worker's answer to a snapshot. Raises _Lost, OSError."""
        assert process.stdin is not None, "it was given a pipe"
        assert process.stdout is not None, "it was given a pipe"
        if process.stdin.is_closing():  # uvloop raises RuntimeError where asyncio would write into nothing
            raise _Lost(await _ending(process))
        process.stdin.write(self._encoder.encode(snapshot) + b"\n")
        timeout_s = self._settings.portfolio.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                await process.stdin.drain()
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise _Lost(f"it did not answer within {timeout_s:g} s") from error
        except ValueError as error:  # asyncio's word for a line beyond the limit
            raise _Lost(f"its answer was no line of at most {ANSWER_BYTES_MAX:,} bytes") from error
        if not line:
            raise _Lost(await _ending(process))
        try:
            return self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise _Lost(f"it said {line[:500]!r} ({error})") from error

    def _tell_problem(self, why: str, kind: str = "worker") -> None:
        """Have a problem sequenced; the engine alerts once while its kind lasts."""
        base = base_of(self._settings.portfolio, self._settings.accounting.base_currency, self._engine.markets)
        self._tell(PortfolioRisk(as_of_ns=self._now_ns(), base_currency=base, problem=why, problem_kind=kind))

    def _tell(self, told: PortfolioRisk) -> None:
        """Have figures sequenced."""
        self._sink([(Kind.PORTFOLIO, 0, NO_INSTRUMENT, self._now_ns(), 0, told, 0, 0, 0, 0)])


async def _ending(process: asyncio.subprocess.Process) -> str:
    """Return how a process ended that has closed its pipes; one that goes on without them is ended by its owner."""
    try:
        async with asyncio.timeout(ENDING_S):
            return f"its process ended with status {await process.wait()}"
    except TimeoutError:
        return "it closed its pipes and went on"
