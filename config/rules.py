"""Users' rules from settings: the file of rules and the sources of functions are read into the settings themselves.

So what a session's head keeps, what a reload carries and what the limits' version stands for are the rules, not where
they were written. A mistake names the rules' file, the rule, the key, what was expected and what was found.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath

import msgspec

from config.checks import check_depth, check_values
from config.errors import ConfigError, FileProblem, SyntaxMistake, UnknownName, WrongValue, did_you_mean
from config.explain import mistake, mistakes
from config.origin import Origin, Path
from config.rule_functions import read_functions
from config.settings import Settings
from risk.errors import LimitsError
from risk.rule_settings import Rule, RuleSettings

MAX_FILE_BYTES = 1 << 20
RULES_MAX = 200
_TOP: Path = ("risk", "rules")


class RulesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules: `[[rule]]` in TOML, `{"rule": [...]}` in JSON."""

    rule: tuple[Rule, ...] = ()


def with_rules(settings: Settings, folder: FilePath, origin: Origin) -> Settings:
    """Return the settings with the rules of their file and the sources of their functions.

    Raises ConfigError, its first mistake carrying the others.
    """
    rules = settings.risk.rules
    if rules is None:
        return settings
    if rules.sources:
        expected = "nothing: the sources are read from where `functions` says"
        raise mistake(WrongValue, origin, (*_TOP, "sources"), expected=expected, found="sources")
    _raise_all(list(_check_names(rules.rule, settings, origin, (*_TOP, "rule"))))
    added: tuple[Rule, ...] = ()
    theirs = origin
    if rules.file:
        document, theirs = _document(rules.file, folder, origin)
        added = _read(document, settings, theirs)
    if len(rules.rule) + len(added) > RULES_MAX:
        expected = f"at most {RULES_MAX} rules: each costs every order"
        raise mistake(WrongValue, theirs, ("rule",), expected=expected, found=len(rules.rule) + len(added))
    sources = read_functions(rules.functions, folder, origin)
    fields = {name: getattr(rules, name) for name in rules.__struct_fields__}
    try:
        whole = RuleSettings(**(fields | {"rule": (*rules.rule, *added), "sources": sources}))
        risk = {name: getattr(settings.risk, name) for name in settings.risk.__struct_fields__}
        limits = type(settings.risk)(**(risk | {"rules": whole}))
    except LimitsError as error:
        raise mistake(WrongValue, theirs, (error.key,), expected=error.expected, found=error.found) from None
    return msgspec.structs.replace(settings, risk=limits)


def _document(name: str, folder: FilePath, origin: Origin) -> tuple[object, Origin]:
    """Return what the file of rules holds, and where its keys are written. Raises ConfigError."""
    given = FilePath(name)
    path: Path = (*_TOP, "file")
    if given.suffix not in {".toml", ".json"}:
        raise mistake(WrongValue, origin, path, expected="a file that ends in .toml or .json", found=name)
    try:
        given = given.expanduser()
        tried = list(dict.fromkeys([folder / given, given]))
        file = next((each for each in tried if each.is_file()), None)
        if file is None:
            there = {other.name for place in tried for other in place.parent.glob("*.[tj]*")}
            expected = "the file " + " or ".join(str(place) for place in tried)
            raise mistake(
                FileProblem, origin, path, expected=expected, found=name, hint=did_you_mean(given.name, there)
            )
        if file.stat().st_size > MAX_FILE_BYTES:
            raise mistake(FileProblem, origin, path, expected="a file of at most 1 MiB", found=name)
        text = file.read_bytes().decode()
    except (OSError, ValueError, RuntimeError) as error:  # the last of a home that nobody has
        found = f"{name}: {error}"
        raise mistake(FileProblem, origin, path, expected="a readable file of UTF-8 text", found=found) from error
    return _parsed(str(file), text, toml=given.suffix == ".toml")


def _parsed(file: str, text: str, *, toml: bool) -> tuple[object, Origin]:
    """Return what a text holds, and where its keys are written. Raises SyntaxMistake."""
    kind = "TOML" if toml else "JSON"
    try:
        document = tomllib.loads(text) if toml else json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise SyntaxMistake(file=file, key="", expected=kind, found="brackets nested too deeply") from None
    except ValueError as error:  # of both kinds, and int() of thousands of digits
        line = error.lineno if isinstance(error, json.JSONDecodeError) else _line_in(str(error))
        raise SyntaxMistake(file=file, line=line, key="", expected=kind, found=str(error)) from None
    return _plain(document), Origin(file, text if toml else "")


def _read(document: object, settings: Settings, origin: Origin) -> tuple[Rule, ...]:
    """Return the rules of a document. Raises ConfigError."""
    if not isinstance(document, Mapping):
        raise mistake(WrongValue, origin, ("rule",), expected="a list of rules, [[rule]]", found=document)
    _raise_all(list(check_depth(document, origin)))
    values = list(check_values(document, origin))
    _raise_all(values or [_named(each, document) for each in mistakes(document, RulesFile, origin)])
    rules = msgspec.convert(document, RulesFile).rule
    _raise_all(list(_check_names(rules, settings, origin, ("rule",))))
    return rules


def _named(error: ConfigError, document: Mapping[str, object]) -> ConfigError:
    """Return a mistake that tells the name of its rule, where it has one."""
    rules = document.get("rule")
    number = error.key.removeprefix("rule[").partition("]")[0]
    if not error.key.startswith("rule[") or not number.isdecimal() or not isinstance(rules, list):
        return error
    rule = rules[int(number)] if int(number) < len(rules) else None
    name = rule.get("name") if isinstance(rule, dict) else None
    if not isinstance(name, str) or error.key.endswith(".name"):
        return error
    hint = f"in rule {name[:40]!r}" + (f"; {error.hint}" if error.hint else "")
    return type(error)(
        file=error.file, key=error.key, expected=error.expected, found=error.found, hint=hint, line=error.line
    )


def _check_names(rules: tuple[Rule, ...], settings: Settings, origin: Origin, top: Path) -> Iterator[ConfigError]:
    """Yield the names in conditions that nothing else has: a rule about what is not there holds nothing back."""
    known = {
        "strategy": [each.id for each in settings.strategies],
        "instrument": list(settings.instruments),
        "venue": [name.upper() for name in settings.venues],
    }
    for place, rule in enumerate(rules):
        for field, names in known.items():
            for name in rule.when.names(field):
                if name not in names:
                    path: Path = (*top, place, "when", field)
                    hint = f"in rule {rule.name!r}; {did_you_mean(name, names)}"
                    expected = f"{'an' if field == 'instrument' else 'a'} {field} of this configuration"
                    yield mistake(UnknownName, origin, path, expected=expected, found=name, hint=hint)


def _raise_all(found: list[ConfigError]) -> None:
    """Raise the first of several mistakes; it carries the others."""
    if found:
        found.sort(key=lambda error: error.line)
        found[0].others = tuple(found[1:])
        raise found[0]


def _plain(value: object) -> object:
    """Return what was parsed with dates and times as text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _no_constant(name: str) -> float:
    """Refuse NaN and the infinities, which Python's JSON takes."""
    raise ValueError(f"{name} is no number")


def _line_in(message: str) -> int:
    """Return the line that tomllib names, 0 where it names none."""
    _, _, place = message.partition("(at line ")
    number = place.partition(",")[0]
    return int(number) if number.isdecimal() else 0
