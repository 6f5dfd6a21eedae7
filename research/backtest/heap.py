"""Garbage collection around long runs: what is alive before one stays, and need not be looked at again and again."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def one_run() -> Iterator[None]:
    """Keep what is alive now out of collections until the block ends, where nobody does already.

    Of many runs the first one's garbage would otherwise stay until the last.
    """
    frozen = gc.get_freeze_count() > 0
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()


@contextlib.contextmanager
def many_runs() -> Iterator[None]:
    """Do so for a block of runs, each of which calls `gc.collect` before it begins: that looks at the runs alone.

    Whoever froze before keeps what he froze.
    """
    outermost = not gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if outermost:
            gc.unfreeze()
