"""All trials of a sweep: in this process, or in several that each have the data mapped and the kernel compiled.

Processes are begun anew (spawned), on every system alike. They are handed a few combinations at a time; what they
return is small. Memory grows with the number of processes and of trials, not with the data.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from research.sweep.errors import WorkerProblem
from research.sweep.grid import Values
from research.sweep.plan import Plan
from research.sweep.result import Trial
from research.sweep.runner import Runner

Told = Callable[[int], None]
Stopped = Callable[[], bool]
CHUNK_MAX = 16  # combinations that a process is handed at once
_AHEAD = 2  # chunks that wait for each process
_runner: list[Runner] = []  # of this process, where it is one of several


def run_all(plan: Plan, runner: Runner, jobs: int, told: Told, stopped: Stopped) -> list[Trial]:
    """Return every trial in the order of the grid; those that were done where it was `stopped`.

    `told` is called with how many are done; `runner` is this process's. Raises WorkerProblem.
    """
    trials: list[Trial] = []
    each = _alone(plan, runner) if jobs == 1 else _in_processes(plan, jobs, stopped)
    for some in each:
        trials += some
        told(len(trials))
        if stopped() and jobs == 1:
            break
    return sorted(trials, key=lambda trial: trial.number)


def _alone(plan: Plan, runner: Runner) -> Iterator[list[Trial]]:
    """Yield trials one by one."""
    for number, values in enumerate(plan.grid.combinations()):
        yield [runner.trial(number, values)]


def _in_processes(plan: Plan, jobs: int, stopped: Stopped) -> Iterator[list[Trial]]:
    """Yield trials as processes come to them. Raises WorkerProblem."""
    chunks = _chunks(plan, jobs)
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, context, _begin, (plan,))
    pending: set[Future[list[Trial]]] = set()
    try:
        pending |= {executor.submit(_run, *chunk) for chunk in islice(chunks, jobs * (1 + _AHEAD))}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            if stopped():
                pending -= {future for future in pending if future.cancel()}
            else:
                pending |= {executor.submit(_run, *chunk) for chunk in islice(chunks, len(done))}
        executor.shutdown()
    except BrokenProcessPool as error:
        raise WorkerProblem(
            "a process that ran trials was ended from outside, most likely for memory: take fewer with --jobs"
        ) from error
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():  # none but where it was interrupted
            child.terminate()


def _chunks(plan: Plan, jobs: int) -> Iterator[tuple[int, list[Values]]]:
    """Yield (number of the first, combinations) of each chunk: small enough that all processes end together."""
    size = 1 if plan.driver == "python" else max(1, min(CHUNK_MAX, plan.grid.size // (jobs * 8)))
    combinations = plan.grid.combinations()
    first = 0
    while chunk := list(islice(combinations, size)):
        yield first, chunk
        first += len(chunk)


def _begin(plan: Plan) -> None:
    """Make ready one process; Ctrl-C is the first process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _runner.append(Runner(plan))


def _run(first: int, combinations: list[Values]) -> list[Trial]:
    """Run a chunk in one of several processes."""
    return _runner[0].run(first, combinations)
