"""Settings from a file: TOML, then overrides from the environment, then every check; all or nothing."""

import datetime as dt
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path as FilePath

import msgspec

from config.checks import check_depth, check_settings, check_values
from config.errors import ConfigError, FileProblem, SyntaxMistake
from config.explain import mistakes
from config.hours import tables_of
from config.origin import Origin
from config.overrides import Document, apply_overrides
from config.rules import with_rules
from config.settings import Settings

MAX_FILE_BYTES = 1 << 20


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, where each came from, and the folder that relative strategy files are looked up in first."""

    settings: Settings
    origin: Origin
    folder: FilePath

    def with_root(self, root: str) -> "Config":
        """Return the same configuration with sessions kept under `root`."""
        session = msgspec.structs.replace(self.settings.session, root=root)
        return msgspec.structs.replace(self, settings=msgspec.structs.replace(self.settings, session=session))


def ready_made() -> dict[str, FilePath]:
    """Return the settings files that come with tickerd, by name without `.toml`."""
    return {file.stem: file for file in sorted(FilePath(__file__).parent.glob("*.toml"))}


def load(path: FilePath | str, environ: Mapping[str, str] | None = None) -> Config:
    """Return the checked settings of a TOML file, overridden by `environ` (default: the process's).

    Raises ConfigError, its first mistake carrying the others.
    """
    file = FilePath(path)
    return parse(_read(file), file=str(path), folder=file.parent, environ=os.environ if environ is None else environ)


def parse(
    text: str, *, file: str = "settings", folder: FilePath | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Return the checked settings of a TOML text; `file` names it in messages. Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and int() on thousands of digits
        raise _syntax_mistake(file, str(error)) from None
    except RecursionError:
        raise _syntax_mistake(file, "brackets nested too deeply") from None
    return settings_of(document, origin=Origin(file, text), folder=folder, environ=environ)


def settings_of(
    document: Document,
    *,
    origin: Origin | None = None,
    folder: FilePath | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Return the checked settings of parsed TOML, which is taken over and changed. Raises ConfigError."""
    origin = origin or Origin("settings")
    refused = apply_overrides(document, Settings, environ or {}, origin)
    raise_first(list(check_depth(document, origin)))
    plain = _plain(document)
    values = list(check_values(plain, origin))
    told = {error.key for error in values}
    raise_first([*refused, *values, *(error for error in mistakes(plain, Settings, origin) if error.key not in told)])
    settings = msgspec.convert(plain, Settings)
    raise_first(list(check_settings(settings, origin)))
    settings = with_rules(settings, folder or FilePath(), origin)
    return Config(settings=at_simulated_venue(settings), origin=origin, folder=folder or FilePath())


def at_simulated_venue(settings: Settings) -> Settings:
    """Return the same settings, `[hours]` also the simulated venue's sessions where it has none of its own."""
    if not settings.hours:
        return settings
    sim = settings.paper.sim
    sessions = {**tables_of(settings.hours), **sim.hours.sessions}
    sim = msgspec.structs.replace(sim, hours=msgspec.structs.replace(sim.hours, sessions=sessions))
    return msgspec.structs.replace(settings, paper=msgspec.structs.replace(settings.paper, sim=sim))


def raise_first(found: list[ConfigError]) -> None:
    """Raise the first of several mistakes, in the order of the file; it carries the others."""
    if found:
        found.sort(key=lambda error: error.line)
        found[0].others = tuple(found[1:])
        raise found[0]


def _read(file: FilePath) -> str:
    """Return a file's text. Raises FileProblem, SyntaxMistake."""
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= MAX_FILE_BYTES else b""
    except FileNotFoundError:
        hint = "name one with -c FILE; config/ holds ready-made ones"
        raise FileProblem(file=str(file), key="", expected="a TOML file", found="nothing there", hint=hint) from None
    except (OSError, ValueError) as error:
        raise FileProblem(file=str(file), key="", expected="a readable file", found=str(error)) from error
    if size > MAX_FILE_BYTES:
        raise FileProblem(file=str(file), key="", expected="at most 1 MiB", found=f"{size} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        expected = "UTF-8 text"
        found = f"byte 0x{content[error.start]:02x}"
        raise SyntaxMistake(file=str(file), line=line, key="", expected=expected, found=found) from None


def _syntax_mistake(file: str, message: str) -> SyntaxMistake:
    """Return tomllib's complaint, `Expected '=' after a key (at line 3, column 6)`, as a mistake."""
    text, _, place = message.removesuffix(")").partition(" (at ")
    line = int(place.split(",")[0].removeprefix("line ")) if place.startswith("line ") else 0
    column = place.partition("column ")[2]
    return SyntaxMistake(
        file=file, line=line, key="", expected="TOML", found=text + (f" at column {column}" if column else "")
    )


def _plain(value: object) -> object:
    """Return parsed TOML with dates and times as text, the only values in it that JSON and msgpack do not have."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value
