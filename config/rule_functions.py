"""Users' rules in Python: found by a file or a dotted name, looked through, and made from their text.

What runs is the text that the session records, so a replay runs the same; and since a module of rules may import only
what is listed here, the text is all of it.
"""

import ast
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path as FilePath

from config.errors import NotARule, did_you_mean
from config.explain import problem
from config.origin import Origin, Path
from config.source import execute, read_source
from risk.rule_settings import RuleSettings, RuleSource
from risk.rules.functions import UserRule

MAY_IMPORT = (
    "__future__",
    "bisect",
    "collections",
    "collections.abc",
    "core.decimals",
    "core.money",
    "dataclasses",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "itertools",
    "math",
    "operator",
    "re",
    "risk.rules",
    "string",
    "typing",
)
_NOT_CALLED = frozenset(
    (
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "globals",
        "hash",
        "id",
        "input",
        "locals",
        "open",
        "print",
        "setattr",
        "vars",
    )
)
_USE = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<name>[a-z][a-z0-9_]{0,31})")
_PATH: Path = ("risk", "rules", "functions")
_NOWHERE = Origin("settings")


def read_functions(uses: tuple[str, ...], folder: FilePath, origin: Origin) -> tuple[RuleSource, ...]:
    """Return the source of every function; each is made once, so that mistakes are told now. Raises ConfigError."""
    return tuple(_read(use, folder, origin, (*_PATH, place)) for place, use in enumerate(uses))


def load_functions(rules: RuleSettings | None) -> tuple[UserRule, ...]:
    """Return the functions of settings whose sources were read. Raises ConfigError."""
    sources = () if rules is None else rules.sources
    for place, each in enumerate(sources):
        if _sha256(each.source) != each.sha256:
            expected, found = f"the source of {each.use} with SHA-256 {each.sha256}", _sha256(each.source)
            hint = "this is not the source with which the session was recorded"
            raise problem(NotARule, _NOWHERE, (*_PATH, place), expected=expected, found=found, hint=hint)
    return tuple(_made(each, _NOWHERE, (*_PATH, place)) for place, each in enumerate(sources))


def _read(use: str, folder: FilePath, origin: Origin, path: Path) -> RuleSource:
    """Return one function's source. Raises ConfigError."""
    match = _USE.fullmatch(use)
    if match is None:
        expected = "FILE.py:function or package.module:function, the function in lower case"
        raise problem(NotARule, origin, path, expected=expected, found=use)
    place = match["place"]
    file = place if place.endswith(".py") else _file_of(place, origin, path)
    try:
        found, text = read_source(file, folder, origin, path)
    except (ValueError, RuntimeError) as error:  # a name that is no path; a home that nobody has
        raise problem(NotARule, origin, path, expected="a file", found=f"{use}: {error}") from error
    for line, what in impurities(text):
        expected = f"a pure module, which imports only {', '.join(MAY_IMPORT)}"
        raise problem(NotARule, origin, path, expected=expected, found=f"{what} in line {line} of {found}")
    source = RuleSource(use=use, sha256=_sha256(text), source=text)
    _made(source, origin, path, str(found))
    return source


def _file_of(module: str, origin: Origin, path: Path) -> str:
    """Return the file of an installed module. Raises NotARule."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError) as error:
        raise problem(NotARule, origin, path, expected="an installed module", found=f"{module}: {error}") from error
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        hint = "install the package it is in, or name its file: my/rules.py:no_fridays"
        raise problem(NotARule, origin, path, expected="an installed module", found=f"no {module}", hint=hint)
    return spec.origin


def _made(source: RuleSource, origin: Origin, path: Path, file: str = "") -> UserRule:
    """Return the function that a source defines. Raises NotARule, StrategyBroken."""
    place, _, name = source.use.rpartition(":")
    name_of_file = FilePath(place).name if place.endswith(".py") else f"{place.rpartition('.')[2]}.py"
    module = execute(source.source, file or f"(recorded)/{name_of_file}", origin, path)
    thing = getattr(module, name, None)
    if not callable(thing) or isinstance(thing, type) or getattr(thing, "__module__", "") != module.__name__:
        own = [each for each, it in vars(module).items() if getattr(it, "__module__", "") == module.__name__]
        expected, hint = f"a function of {place}", did_you_mean(name, [each for each in own if each.islower()])
        raise problem(NotARule, origin, path, expected=expected, found=f"no function {name} there", hint=hint)
    return UserRule(name, thing)


def impurities(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for everything in a module of rules that could make it answer differently another time."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return  # executing it says what is wrong
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"import {each.name}") for each in node.names if not _allowed(each.name))
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            if node.level or not _allowed(name):
                yield node.lineno, f"from {name} import ..."
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield node.lineno, f"{type(node).__name__.lower()} {', '.join(node.names)}, a memory between orders,"
        elif isinstance(node, ast.Name) and (node.id in _NOT_CALLED or node.id.startswith("__builtins")):
            yield node.lineno, f"{node.id}"
        elif isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr.endswith("__"):
            yield node.lineno, f".{node.attr}"
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Yield | ast.YieldFrom):
            yield node.lineno, "async or yield"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _allowed(name: str) -> bool:
    """Whether a module may be imported."""
    return name in MAY_IMPORT
