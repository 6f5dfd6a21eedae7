"""What a strategy may know beside what it was fed: files that its code opens, and series that it holds at its start.

Neither proves look-ahead: a file may hold parameters, a series a model's weights. But nothing that a re-run is fed can
show what was learnt from the data elsewhere, so both are named.
"""

import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Self

import numpy as np

from strategies.base import Strategy

LEAST_NUMBERS = 200  # of a series that is held, not all of them the same: windows begin with zeros
_DEPTH = 5
_MOST_LOOKED_AT = 100_000  # objects; a strategy that holds more is looked at so far
_OWN = frozenset({"context", "desk", "params"})
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib")
_INSTALLED = (*(sysconfig.get_path(place) for place in _PLACES), "built-in", "frozen")
_HEARD = {  # audit event: what it means, and which of its arguments says of what
    "open": ("opens", 0),
    "sqlite3.connect": ("opens", 0),
    "socket.connect": ("connects to", 1),
    "subprocess.Popen": ("starts", 0),
}
_OURS = ("core", "engine", "journal", "connectors", "oms", "risk", "strategies", "config", "daemon", "research")


class FileWatch:
    """While it is entered, notes what is opened by whom: files, connections, processes. Uses Python's audit events."""

    _current: "FileWatch | None" = None
    _hooked = False

    def __init__(self) -> None:
        """Have noted nothing."""
        self._opened: dict[str, list[tuple[str, int]]] = {}  # what: file and line of each caller, innermost first

    def __enter__(self) -> Self:
        FileWatch._current = self
        if not FileWatch._hooked:
            FileWatch._hooked = True
            sys.addaudithook(_heard)  # for good: Python has no way to take one away
        return self

    def __exit__(self, *_: object) -> None:
        FileWatch._current = None

    def note(self, what: str, frame: FrameType | None) -> None:
        """Note something that was opened, unless an import opens it."""
        if frame is None or "importlib" in frame.f_code.co_filename:
            return
        callers = []
        while frame is not None:
            callers.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        self._opened.setdefault(what, []).extend(callers)

    def opened_by(self, files: Collection[str]) -> list[tuple[str, str]]:
        """Return (what it did, the line that did) of what code in `files` opened, itself or through others."""
        found = []
        for what, callers in sorted(self._opened.items()):
            place = next((f"{Path(name).name}:{line}" for name, line in callers if name in files), "")
            if place:
                found.append((what, place))
        return found


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    """Take one audit event of the interpreter (Python's documentation lists them all)."""
    watch = FileWatch._current  # noqa: SLF001 - the hook is part of the class, but must be a plain function
    if watch is None or event not in _HEARD:
        return
    verb, place = _HEARD[event]
    thing = arguments[place]
    if isinstance(thing, int):
        return  # a file that was opened before, by its number
    name = thing.decode(errors="replace") if isinstance(thing, bytes) else str(thing)
    if not name.startswith(_INSTALLED):
        watch.note(f"{verb} {name}", sys._getframe(1))  # noqa: SLF001 - the only way to the caller


def held_series(strategy: Strategy) -> list[tuple[str, int]]:
    """Return the (name, numbers) of every long series that a strategy can reach before it has seen any market data."""
    walk = _Walk()
    for name, value in vars(strategy).items():
        if name not in _OWN:
            walk.look(value, f"self.{name}", _DEPTH)
    for each in type(strategy).__mro__:
        if not _is_ours(each.__module__):
            walk.look_into_class(each)
    return walk.found


class _Walk:
    """Looks at each reachable object once."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = []
        self._seen: set[int] = set()

    def look_into_class(self, owner: type) -> None:
        """Look at a class, and at the module that defines it."""
        for name, value in vars(owner).items():
            if not name.startswith("__"):
                self.look(value, f"{owner.__name__}.{name}", _DEPTH)
        module = sys.modules.get(owner.__module__)
        if module is not None:
            self.look(module, Path(_origin_of(module) or owner.__module__).stem, _DEPTH)

    def look(self, value: object, name: str, depth: int) -> None:
        """Look at one value, and at what it holds."""
        if depth < 0 or id(value) in self._seen or len(self._seen) >= _MOST_LOOKED_AT:
            return
        self._seen.add(id(value))
        if value is None or isinstance(value, int | float | str | bytes | CodeType):
            return
        count = _numbers_in(value)
        if count:
            self.found.append((name, count))
            return
        for key, part in _parts_of(value):
            self.look(part, f"{name}{key}", depth - 1)


def _parts_of(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an object holds, with what to add to its name; nothing of tickerd's own and of installed packages."""
    if isinstance(value, Mapping):
        yield from ((f"[{str(key)[:40]!r}]", part) for key, part in list(value.items())[:1_000])
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{place}]", part) for place, part in enumerate(list(value)[:1_000]))
    elif isinstance(value, ModuleType):
        if not _is_ours(value.__name__) and not _is_installed(value):
            yield from ((f".{name}", part) for name, part in vars(value).items() if not name.startswith("__"))
    elif isinstance(value, FunctionType):
        cells = value.__closure__ or ()
        yield from (
            (f".{name}", cell.cell_contents) for name, cell in zip(value.__code__.co_freevars, cells, strict=True)
        )
    elif not isinstance(value, type) and not _is_ours(type(value).__module__):
        names = {*getattr(value, "__dict__", ()), *(name for each in type(value).__mro__ for name in _slots_of(each))}
        yield from ((f".{name}", getattr(value, name, None)) for name in sorted(names))


def _slots_of(owner: type) -> tuple[str, ...]:
    """Return the names of a class's slots."""
    slots = vars(owner).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _numbers_in(value: object) -> int:
    """Return how many numbers a series holds, 0 where it is none, is short, or is one number throughout."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "__array__") or hasattr(value, "typecode"):
        try:
            if len(value) < LEAST_NUMBERS:  # type: ignore[arg-type]
                return 0
            numbers: np.ndarray[Any, Any] = np.asarray(list(value) if isinstance(value, set | frozenset) else value)
        except (TypeError, ValueError):
            return 0  # of unequal parts: they are looked at one by one
        if numbers.dtype.kind in "iufM" and (numbers != numbers.flat[0]).any():
            return int(numbers.size)
        if numbers.dtype.names or (numbers.dtype.kind == "O" and hasattr(value, "__array__")):
            return int(numbers.size)  # rows of a table
    return 0


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS or module == "builtins"


def _origin_of(module: ModuleType) -> str:
    """Return the file of a module, "built-in" for one of the interpreter's, "" where it is not known."""
    return str(getattr(module.__spec__, "origin", None) or getattr(module, "__file__", None) or "")


def _is_installed(module: ModuleType) -> bool:
    """Whether a module comes with Python or with an installed package."""
    return _origin_of(module).startswith(_INSTALLED)
