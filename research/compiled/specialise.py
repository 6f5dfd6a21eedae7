"""One loop for every kernel: the template's functions with the kernel's own in place of its empty ones, compiled.

The template (`loop.py`) is plain Python. Its functions are copied with other globals, in which `at_quote` and the rest
are the kernel's, and its `run` is compiled with all that it calls. numba keeps the result on disk under a name that
holds a digest of every source that went into it, so that a second start compiles nothing and a changed source is never
run from an old result.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError

from research.compiled import booking, dealing, loop, registry
from research.compiled.errors import NotCompilable
from research.compiled.hot_modules import HOT_MODULES
from research.compiled.inner import Outer
from research.compiled.kept import note_use, prune
from strategies.kernel import Kernel

CALLBACKS = ("at_quote", "at_trade", "at_book", "at_bar", "at_wake", "at_order", "at_fill", "at_refusal")
TEMPLATE = (booking, dealing, loop)
SOURCES = ("core", "oms", "risk", "strategies", "connectors/sim", "research/compiled")
Run = Callable[..., int]
_TELLING = ("Untyped", "Unknown", "Use of", "Cannot", "Invalid", "No implementation")


@cache
def specialise(kernel: type[Kernel], source: str) -> Run:
    """Return the compiled loop of a kernel, whose module has the text `source`; `compile_now` compiles it.

    Raises NotCompilable where a helper that the kernel names is no plain function.
    """
    registry.register(*HOT_MODULES)
    _register_kernel(kernel)
    name = f"run_{_digest(source)}"
    scope: dict[str, Any] = {}
    for module in TEMPLATE:
        scope |= vars(module)
    for module in TEMPLATE:
        for key, function in vars(module).items():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                copy = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
                copy.__module__ = module.__name__
                copy.__qualname__ = f"{name}_{key}"
                scope[key] = copy
                if key != "run":
                    registry.make_callable(copy)
    scope |= {callback: getattr(kernel, callback) for callback in CALLBACKS}
    return numba.njit(cache=True, pipeline_class=Outer)(scope["run"])


def compile_now(run: Run, kernel: type[Kernel], arguments: tuple[Any, ...]) -> Run:
    """Compile for the types of these arguments, or load what was compiled before; return what is to be called.

    It takes arguments of these types alone and does not look: finding out the type of a world costs more than to run a
    thousand records.

    Raises NotCompilable with numba's reason, in words that name the kernel.
    """
    try:
        run.compile(tuple(numba.typeof(each) for each in arguments))  # type: ignore[attr-defined,no-untyped-call]
    except (NumbaError, KeyError) as error:  # a field that a record does not have is a KeyError
        raise NotCompilable(
            f"{kernel.__name__} cannot be compiled: {_reason(error)}; a kernel's functions may use what core/hot.py "
            'lists, and helpers must be named in HELPERS; or choose driver = "python"'
        ) from error
    note_use(run)
    if run.stats.cache_misses:  # type: ignore[attr-defined]
        prune(Path(run.stats.cache_path))  # type: ignore[attr-defined]
    [compiled] = run.overloads.values()  # type: ignore[attr-defined]
    entry: Run = compiled.entry_point
    return entry


def _register_kernel(kernel: type[Kernel]) -> None:
    """Make a kernel's functions callable from compiled code. Raises NotCompilable."""
    for helper in (*kernel.HELPERS, *(getattr(kernel, callback) for callback in CALLBACKS)):
        if not isinstance(helper, FunctionType):
            raise NotCompilable(f"{kernel.__name__}: {helper!r} among its functions is no plain Python function")
        if helper not in registry.known:
            registry.make_callable(helper)
            registry.known.add(helper)


@cache
def _sources() -> bytes:
    """Return a digest of every file that a compiled loop may hold lines or constants of, in path order."""
    root = Path(__file__).resolve().parents[2]
    hasher = hashlib.sha256()
    for package in SOURCES:
        for path in sorted((root / package).rglob("*.py")):
            hasher.update(path.relative_to(root).as_posix().encode())
            hasher.update(path.read_bytes())
    return hasher.digest()


def _digest(source: str) -> str:
    """Return a digest of everything that decides what the compiled loop does."""
    hasher = hashlib.sha256(f"{sys.version} {numba.__version__} {np.__version__}".encode())
    hasher.update(_sources())
    hasher.update(source.encode())
    return hasher.hexdigest()[:20]


def _reason(error: Exception) -> str:
    """Return the line of numba's explanation that names what it cannot take."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [
        line for line in lines if line.startswith(("Untyped", "Unknown", "Use of", "Cannot", "Invalid", "No impl"))
    ]
    return (telling or lines or ["numba gave no reason"])[-1 if telling else 0]
