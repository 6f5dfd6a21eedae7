"""Executes a strategy file from its text, under a module name that the text decides.

The text is read once: what is executed is what the session records. `sys.path` is left alone, so a user's folder
called `strategies` cannot shadow ours; a strategy that needs files of its own becomes a package with an entry point.
"""

import contextlib
import hashlib
import importlib.abc
import importlib.util
import re
import sys
import traceback
from pathlib import Path as FilePath
from types import ModuleType

from config.errors import StrategyBroken, StrategyNotFound, did_you_mean
from config.explain import problem
from config.origin import Origin, Path
from journal.head import ImportedFile

_MAX_SOURCE_BYTES = 1 << 20
_ALONE = "a strategy file stands alone: make what needs other files a package with an entry point"
_OFFERED = {  # what a strategy's file may import of ours, with examples
    "strategies": "Strategy, StrategyParams, SmartRouter",
    "strategies.algos": "Twap, Vwap, Pov, Iceberg",
    "strategies.indicators": "ema, sma",
    "strategies.routing": "Split",
    "strategies.kernels": "EmaCrossKernel",
}
_NOT_OFFERED = re.compile(r"cannot import name '(\w+)' from 'strategies[\w.]*'")
_OURS = frozenset(
    ("core", "oms", "risk", "strategies", "engine", "connectors", "journal", "config", "research", "daemon")
)
_INSTALLED = frozenset(("site-packages", "dist-packages"))
_NOT_IN_NAMES = re.compile(r"\W+", re.ASCII)


class _TextLoader(importlib.abc.SourceLoader):
    """Loads a module from text; as it also returns the text, tracebacks show the lines even without the file."""

    def __init__(self, text: str, filename: str) -> None:
        self._text = text
        self._filename = filename

    def get_filename(self, fullname: str) -> str:
        return self._filename

    def get_data(self, path: str | bytes) -> bytes:
        return self._text.encode()


def read_source(name: str, folder: FilePath, origin: Origin, path: Path) -> tuple[FilePath, str]:
    """Return a strategy's file and text: absolute, or relative to the settings' folder, then the working directory.

    Raises StrategyNotFound with the nearest file there, StrategyBroken where it is no readable text.
    """
    given = FilePath(name).expanduser()
    tried = list(dict.fromkeys([(folder / given).resolve(), given.resolve()]))
    file = next((file for file in tried if file.is_file()), None)
    if file is None:
        there = {other.name for place in tried for other in place.parent.glob("*.py")}
        expected = "the file " + " or ".join(str(place) for place in tried)
        hint = did_you_mean(given.name, there)
        raise problem(StrategyNotFound, origin, path, expected=expected, found="none", hint=hint)
    try:
        if file.stat().st_size > _MAX_SOURCE_BYTES:
            raise problem(StrategyBroken, origin, path, expected="a file of at most 1 MiB", found=f"more in {file}")
        return file, importlib.util.decode_source(file.read_bytes())
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise problem(StrategyBroken, origin, path, expected="a readable file", found=f"{error} ({file})") from error


def execute(text: str, filename: str, origin: Origin, path: Path) -> ModuleType:
    """Return a fresh module made from `text`; `filename` names it in tracebacks. Raises StrategyBroken.

    Fresh each time, so two strategies of one file, or a session and its replay, share no state of the module. Its name
    is the same in every process: a compiled kernel that is kept on disk asks for its module by name.
    """
    stem = _NOT_IN_NAMES.sub("_", FilePath(filename).stem)
    name = f"tickerd_user_strategy_{hashlib.sha256(text.encode()).hexdigest()[:16]}_{stem}"
    spec = importlib.util.spec_from_loader(name, _TextLoader(text, filename), origin=filename)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # typing and msgspec look annotations up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        hint = _hint_of(error) if isinstance(error, ImportError) else ""
        found = _raised(error, filename)
        raise problem(StrategyBroken, origin, path, expected="a module that imports", found=found, hint=hint) from error
    return module


def imported_beside(file: FilePath) -> tuple[ImportedFile, ...]:
    """Return the modules of other files in or below the folder of a strategy's file that are imported now.

    They come by whatever put that folder on the path (PYTHONPATH, the working directory). Ours are told by the build.
    """
    folder, found = file.resolve().parent, {}
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if not place or name.partition(".")[0] in _OURS:
            continue
        other = FilePath(place).resolve()
        if other != file.resolve() and other.is_relative_to(folder) and not _INSTALLED & set(other.parts):
            with contextlib.suppress(OSError):
                found[str(other)] = hashlib.sha256(other.read_bytes()).hexdigest()
    return tuple(ImportedFile(file=name, sha256=sha256) for name, sha256 in sorted(found.items()))


def _hint_of(error: ImportError) -> str:
    """Return what helps where an import failed: of `strategies`, what there is to import, else what a file may ask."""
    if (error.name or "").partition(".")[0] != "strategies":
        return _ALONE
    found = _NOT_OFFERED.match(str(error))
    offered = {name: place for place in _OFFERED for name in getattr(importlib.import_module(place), "__all__", ())}
    wanted = found[1].casefold() if found else ""
    for name, place in sorted(offered.items()):
        if name.casefold() == wanted:
            return f"write: from {place} import {name}"
    places = [f"{place} ({examples})" for place, examples in _OFFERED.items()]
    return f"these have what a strategy may import: {', '.join(places)}"


def _raised(error: BaseException, filename: str) -> str:
    """Return what a module raised, and the line of it that did: `NameError: ... (my/ema.py:3: x = y)`."""
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    if isinstance(error, SyntaxError):
        return f"{said} ({filename}:{error.lineno}: {(error.text or '').strip()})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    if not frames:
        return f"{said} ({filename})"
    return f"{said} ({filename}:{frames[-1].lineno}: {frames[-1].line})"
