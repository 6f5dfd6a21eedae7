"""`tickerd config ACTION`: whether settings are right, what they come to, and which ones come ready-made."""

import argparse
import sys
from pathlib import Path

import msgspec

from config.digest import config_digest
from config.errors import ConfigError, did_you_mean
from config.load import Config, load, ready_made
from config.show import show_json, show_toml
from config.strategies import effective_params, load_strategies
from daemon.commands.printing import Column, write_json, write_line, write_table
from daemon.errors import ExitCode, UsageError

EPILOG = """examples:
  tickerd config check my.toml
  tickerd config show config/binance-spot-paper.toml
  tickerd config show binance-spot-paper --json
  tickerd config ready-made

`tickerd config ACTION --help` shows each action's options. FILE is a settings file, or the name of a ready-made one.
"""

CHECK_EPILOG = """examples:
  tickerd config check my.toml
  TICKERD__RISK__MAX_ORDER_NOTIONAL=1000 tickerd config check my.toml --json

Checks what `tickerd run` would: every key, overrides from the environment, strategies and their parameters. All
mistakes are told at once: file, line, key, what was expected, what was found.

exit codes: 0 no mistake, 2 mistakes, or no such file
"""

SHOW_EPILOG = """examples:
  tickerd config show my.toml > effective.toml
  tickerd config show binance-usdm-paper --json

Prints every setting as it would hold, defaults and overrides included; the TOML loads again. Settings hold no
secrets: those are read from files, systemd credentials or the environment, and print as *** everywhere.

exit codes: 0 ok, 2 mistakes, or no such file
"""

READY_MADE_EPILOG = """examples:
  tickerd config ready-made
  tickerd config show binance-spot-paper > my.toml

exit codes: 0 ok
"""


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to; `digest` is over the settings that decide, as a session's head will hold it."""

    ok: bool
    file: str
    mode: str = ""
    instruments: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    digest: str = ""
    mistakes: tuple["Mistake", ...] = ()


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in the settings; `line` is 0 where it is not known."""

    file: str
    line: int
    key: str
    expected: str
    found: str
    hint: str


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word and its actions."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = _action(actions, "check", "check settings, and tell every mistake", CHECK_EPILOG, "one JSON object")
    show = _action(actions, "show", "show the effective settings", SHOW_EPILOG, "JSON instead of TOML")
    for action in (check, show):
        action.add_argument("file", metavar="FILE", help="a settings file, or the name of a ready-made one")
    summary = "list the settings files that come with tickerd"
    _action(actions, "ready-made", summary, READY_MADE_EPILOG, "one JSON object a line")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, epilog: str, json: str
) -> argparse.ArgumentParser:
    """Add one action."""
    action = actions.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    action.add_argument("--json", action="store_true", help=json)
    return action


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.action == "check":
        return _check(settings_file(options.file), as_json=options.json)
    if options.action == "show":
        return _show(settings_file(options.file), as_json=options.json)
    return _ready_made(as_json=options.json)


def settings_file(text: str) -> Path:
    """Return the settings file that `text` names: a path, or a ready-made file's name. Raises UsageError."""
    path = Path(text)
    if path.exists() or path.name != text or path.suffix:
        return path
    files = ready_made()
    if text not in files:
        raise UsageError(f"no file {text!r} and no ready-made settings of that name; {did_you_mean(text, files)}")
    return files[text]


def check(file: Path) -> CheckReport:
    """Return what is right or wrong with a settings file and the strategies that it names."""
    try:
        config = load(file)
        digest = _digest(config)
    except ConfigError as error:
        mistakes = tuple(
            Mistake(
                file=each.file, line=each.line, key=each.key, expected=each.expected, found=each.found, hint=each.hint
            )
            for each in error.all
        )
        return CheckReport(ok=False, file=str(file), mistakes=mistakes)
    settings = config.settings
    return CheckReport(
        ok=True,
        file=str(file),
        mode=settings.session.mode.value,
        instruments=settings.instruments,
        strategies=tuple(chosen.id for chosen in settings.strategies),
        digest=digest,
    )


def _digest(config: Config) -> str:
    """Return the digest that a session of these settings would have. Raises ConfigError."""
    loaded = load_strategies(config)
    params = {chosen.id: effective_params(chosen, loaded[chosen.id]) for chosen in config.settings.strategies}
    return config_digest(config.settings, params)


def _check(file: Path, *, as_json: bool) -> ExitCode:
    """Tell whether the settings are right."""
    report = check(file)
    if as_json:
        write_json(report)
    elif report.ok:
        instruments, strategies = (_some(names) for names in (report.instruments, report.strategies))
        write_line(f"{file}: ok; {report.mode}; instruments {instruments}; strategies {strategies}")
        write_line(f"digest {report.digest}")
    else:
        for mistake in report.mistakes:
            sys.stderr.write(f"{mistake_text(mistake)}\n")
        count = len(report.mistakes)
        sys.stderr.write(f"{file}: {count} mistake{'' if count == 1 else 's'}\n")
    return ExitCode.OK if report.ok else ExitCode.USAGE


def mistake_text(mistake: Mistake) -> str:
    """Return a mistake as `config.errors` words it."""
    return str(ConfigError(**msgspec.structs.asdict(mistake)))


def _some(names: tuple[str, ...]) -> str:
    """Return a few names, and how many more there are."""
    shown = ", ".join(names[:4]) or "none"
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _show(file: Path, *, as_json: bool) -> ExitCode:
    """Print the effective settings."""
    settings = load(file).settings
    sys.stdout.write(show_json(settings) + "\n" if as_json else show_toml(settings))
    return ExitCode.OK


def _ready_made(*, as_json: bool) -> ExitCode:
    """List the files that come with tickerd, each with the first sentence of its comment."""
    rows = [(name, str(path), _first_sentence(path)) for name, path in ready_made().items()]
    if as_json:
        for name, file, about in rows:
            write_json({"name": name, "file": file, "about": about})
        return ExitCode.OK
    write_table((Column("name"), Column("what it is")), [(name, about) for name, _, about in rows])
    return ExitCode.OK


def _first_sentence(path: Path) -> str:
    """Return the first sentence of the comment that a settings file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    comment = " ".join(line.removeprefix("#").strip() for line in lines[:first])
    return comment.partition(". ")[0].removesuffix(".") + "." if comment else ""
