"""Strategies from settings: a built-in name, an entry point, or a class in a file; with source text and parameters."""

import hashlib
import inspect
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path as FilePath
from types import ModuleType
from typing import cast

import msgspec

from config.errors import ConfigError, NotAStrategy, StrategyBroken, StrategyNotFound, did_you_mean
from config.explain import field_types, mistakes, problem
from config.load import Config, raise_first
from config.origin import Origin, Path
from config.settings import StrategySettings
from config.source import execute, imported_beside, read_source
from config.words import expected_text, found_text
from journal.head import ImportedFile, StrategySource
from strategies import BUILTIN, Strategy, StrategyParams

ENTRY_POINT_GROUP = "tickerd.strategies"
_FILE_USE = re.compile(r"(?P<file>.+\.py)(:(?P<name>.*))?", re.DOTALL)
_NOWHERE = Origin("settings")


class LoadedStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's class, its file's text with SHA-256 in hex, and what the file imports from beside it."""

    use: str
    strategy: type[Strategy]
    source: str
    sha256: str
    imported: tuple[ImportedFile, ...] = ()


class ParamInfo(msgspec.Struct, frozen=True):
    """One parameter of a strategy, in words; `default` is "" where it must be given."""

    name: str
    takes: str
    default: str


class StrategyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `tickerd strategies` shows of one strategy."""

    use: str
    summary: str
    params: tuple[ParamInfo, ...]


def load_strategies(config: Config) -> dict[str, LoadedStrategy]:
    """Return every configured strategy by id, its parameters checked too.

    Raises ConfigError: the first mistake with its file, line and key, carrying the others.
    """
    loaded: dict[str, LoadedStrategy] = {}
    found: list[ConfigError] = []
    for index, chosen in enumerate(config.settings.strategies):
        path: Path = ("strategies", index)
        try:
            loaded[chosen.id] = load_strategy(chosen.use, config.folder, config.origin, (*path, "use"))
            strategy_params(chosen, loaded[chosen.id], config.origin, (*path, "params"))
        except ConfigError as error:
            found += error.all
    raise_first(found)
    return loaded


def load_strategy(
    use: str, folder: FilePath, origin: Origin = _NOWHERE, path: Path = ("strategies", "use")
) -> LoadedStrategy:
    """Return the strategy that `use` names; files are looked up in `folder`, then in the working directory.

    Raises StrategyProblem, at the place that `origin` and `path` say.
    """
    if match := _FILE_USE.fullmatch(use):
        file, text = read_source(match["file"], folder, origin, path)
        loaded = _from_text(use, text, str(file), origin, path)
        return msgspec.structs.replace(loaded, imported=imported_beside(file))
    return _named(use, origin, path)


def load_recorded(source: StrategySource, origin: Origin = _NOWHERE, path: Path = ("use",)) -> LoadedStrategy:
    """Return a strategy as a session recorded it: a file's class from the recorded text, wherever the file is now.

    Built-ins and entry points come from what is installed; compare `sha256` to tell whether they have changed since.
    Raises StrategyProblem.
    """
    if match := _FILE_USE.fullmatch(source.use):
        # A folder of its own in tracebacks, but the file's very name: the reason of a failure is compared.
        return _from_text(source.use, source.source, f"(recorded)/{FilePath(match['file']).name}", origin, path)
    return _named(source.use, origin, path)


def load_from_source(source: str, name: str, class_name: str) -> type[Strategy]:
    """Return the class `class_name` that a text defines; `name` stands for its file. Raises StrategyProblem."""
    module = execute(source, name, _NOWHERE, ("use",))
    return _class_in(module, class_name, name, _NOWHERE, ("use",))


def strategy_params(
    chosen: StrategySettings, loaded: LoadedStrategy, origin: Origin = _NOWHERE, path: Path = ()
) -> StrategyParams:
    """Return the configured parameters as the strategy's own type. Raises ConfigError, StrategyBroken."""
    wanted = loaded.strategy.Params
    place = path or ("strategies", chosen.id, "params")
    try:
        raise_first(list(mistakes(chosen.params, wanted, origin, place)))
        return msgspec.convert(chosen.params, wanted)
    except ConfigError:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise problem(StrategyBroken, origin, place, expected="usable `Params`", found=found) from error


def effective_params(chosen: StrategySettings, loaded: LoadedStrategy) -> dict[str, object]:
    """Return the parameters with the strategy's defaults filled in, as plain values. Raises ConfigError."""
    return cast("dict[str, object]", msgspec.to_builtins(strategy_params(chosen, loaded)))


def available() -> list[StrategyInfo]:
    """Return the built-in strategies and those of entry points, in that order, by name. Raises StrategyProblem."""
    names = [*sorted(BUILTIN), *sorted(_entry_points().keys() - BUILTIN.keys())]
    return [_info(name, _named(name, _NOWHERE, ("use",)).strategy) for name in names]


def _from_text(use: str, text: str, filename: str, origin: Origin, path: Path) -> LoadedStrategy:
    """Return the strategy `FILE.py:CLASS` of a text. Raises StrategyProblem."""
    module = execute(text, filename, origin, path)
    match = _FILE_USE.fullmatch(use)
    assert match is not None
    strategy = _class_in(module, match["name"] or "", match["file"], origin, path)
    return LoadedStrategy(use=use, strategy=strategy, source=text, sha256=_sha256(text))


def _class_in(module: ModuleType, name: str, file: str, origin: Origin, path: Path) -> type[Strategy]:
    """Return the class `name` of a module. Raises StrategyNotFound, NotAStrategy."""
    own = [
        each
        for each, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, Strategy) and thing.__module__ == module.__name__
    ]
    if not name:
        hint = did_you_mean("", [f"{file}:{each}" for each in own]) or "it defines no strategy"
        raise problem(StrategyNotFound, origin, path, expected="FILE.py:CLASS", found="no class", hint=hint)
    if not hasattr(module, name):
        expected, found = f"a class of {file}", f"no {name} there"
        hint = did_you_mean(name, own) or "it defines no strategy"
        raise problem(StrategyNotFound, origin, path, expected=expected, found=found, hint=hint)
    return _strategy_class(getattr(module, name), name, origin, path)


def _strategy_class(thing: object, name: str, origin: Origin, path: Path) -> type[Strategy]:
    """Return `thing` if it is a strategy class with usable parameters. Raises NotAStrategy."""
    if not isinstance(thing, type) or not issubclass(thing, Strategy) or thing is Strategy:
        kind = "the base itself" if thing is Strategy else _kind(thing)
        expected = "a subclass of strategies.Strategy"
        raise problem(NotAStrategy, origin, path, expected=expected, found=f"{name}, {kind}")
    wanted = getattr(thing, "Params", None)
    if not (isinstance(wanted, type) and issubclass(wanted, StrategyParams)):
        expected = f"{name}.Params to be a subclass of strategies.StrategyParams"
        raise problem(NotAStrategy, origin, path, expected=expected, found=_kind(wanted))
    return thing


def _kind(thing: object) -> str:
    """Return in words what something is."""
    if isinstance(thing, type):
        return "a class of another kind"
    name = type(thing).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _named(use: str, origin: Origin, path: Path) -> LoadedStrategy:
    """Return a built-in strategy, or one of an entry point. Raises StrategyProblem."""
    strategy = BUILTIN.get(use)
    if strategy is None:
        installed = _entry_points()
        if use not in installed:
            known = [*BUILTIN, *installed]
            hint = did_you_mean(use, known)
            expected = "a built-in strategy, an entry point or a file such as my/ema.py:EmaCross"
            raise problem(StrategyNotFound, origin, path, expected=expected, found=found_text(use), hint=hint)
        strategy = _strategy_class(_load_entry_point(installed[use], origin, path), use, origin, path)
    text = _source_of(strategy)
    return LoadedStrategy(use=use, strategy=strategy, source=text, sha256=_sha256(text))


def _load_entry_point(entry: EntryPoint, origin: Origin, path: Path) -> object:
    """Return what an entry point leads to. Raises StrategyBroken."""
    try:
        return entry.load()
    except Exception as error:
        expected = f"{entry.value} to import"
        found = f"{type(error).__name__}: {error}"
        raise problem(StrategyBroken, origin, path, expected=expected, found=found) from error


def _entry_points() -> Mapping[str, EntryPoint]:
    """Return the installed entry points of our group by name; of two with one name the first on the path counts."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        found.setdefault(entry.name, entry)
    return found


def _source_of(strategy: type[Strategy]) -> str:
    """Return the text of the file that defines an installed class, "" where only its byte code is installed."""
    try:
        file = inspect.getsourcefile(strategy)
    except TypeError:  # a class of a compiled extension
        file = None
    return FilePath(file).read_text(encoding="utf-8") if file and FilePath(file).is_file() else ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _info(use: str, strategy: type[Strategy]) -> StrategyInfo:
    """Return one strategy in words."""
    types = field_types(strategy.Params)
    params = tuple(
        ParamInfo(field.encode_name, expected_text(types[field.encode_name]), _default_text(field))
        for field in msgspec.structs.fields(strategy.Params)
    )
    summary = inspect.cleandoc(strategy.__doc__ or "").partition("\n")[0]
    return StrategyInfo(use=use, summary=summary, params=params)


def _default_text(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        return found_text(field.default)
    return "" if field.required else found_text(field.default_factory())
