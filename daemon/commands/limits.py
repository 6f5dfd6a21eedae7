"""`tickerd limits`, `set`, `approve`, `withdraw`, `reload`: see and change the limits of the daemon that runs here."""

import argparse
import datetime as dt
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daemon.commands.operate import add_daemon, speak
from daemon.commands.printing import WIDTH, Column, write_line, write_table
from daemon.errors import ExitCode, UsageError
from daemon.operator.client import ask, find, request

if TYPE_CHECKING:
    from daemon.limits_view import LimitRow, LimitsView
    from risk.limits import RiskLimits

SCOPES = "all, account:NAME, venue:NAME, class:NAME, currency:CODE, group:NAME, symbol:SYMBOL.VENUE or strategy:ID"
_IN_WORDS = ("rules", "lists")

EXAMPLES = {
    "limits": "tickerd limits\n  tickerd limits strategy:ema --json",
    "set": (
        "tickerd set max_gross_notional=20_000 --reason 'thin market'\n"
        "  tickerd set max_open_orders=2 restricted=true --scope strategy:ema --reason 'watch it'"
    ),
    "approve": "tickerd approve --scope all --reason 'spoke with the desk'",
    "withdraw": "tickerd withdraw max_gross_notional --reason 'not today'",
    "reload": "tickerd reload -c my/breakout.toml --reason 'new limits for the week'",
}

TOLD = {
    "limits": "Shows each limit, what counts against it now, what the settings say and what waits.",
    "set": "Changes limits: stricter at once; looser after risk.raise_delay_s, or once somebody else approves it.",
    "approve": "Lets looser limits that wait hold at once. Who asked for them cannot approve them.",
    "withdraw": "Drops looser limits that wait.",
    "reload": "Reads [risk] of a settings file; each limit that differs is changed as `tickerd set` would.",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    word = parser.prog.rpartition(" ")[2]
    parser.epilog = (
        f"{TOLD[word]}\n\nexamples:\n  {EXAMPLES[word]}\n\n"
        "exit codes: 0 done, 2 refused (the message says why), or no daemon answers\n"
    )
    if word == "limits":
        parser.add_argument("scope", nargs="?", default="", metavar="SCOPE", help=f"only this one: {SCOPES}")
    if word == "set":
        parser.add_argument("limits", nargs="+", type=assignment, metavar="NAME=VALUE", help='"none" takes it off')
    if word in {"approve", "withdraw"}:
        parser.add_argument("names", nargs="*", metavar="NAME", help="only these limits")
    if word == "reload":
        parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings file")
    if word in {"set", "approve", "withdraw"}:
        default = "all" if word == "set" else ""
        parser.add_argument("--scope", default=default, help=f"{SCOPES} (default {default or 'wherever one waits'})")
    if word != "limits":
        parser.add_argument("--reason", required=True, help="why, for the journal and for who comes after")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.word == "limits":
        return _show(options)
    args: dict[str, str] = {}
    if options.word == "set":
        args = dict(options.limits)
    elif options.word == "reload":
        from config.load import load

        args = {"risk": msgspec.json.encode(_without_sources(load(options.config).settings.risk)).decode()}
    else:
        args = dict.fromkeys(options.names, "")
    scope = getattr(options, "scope", "")
    return speak(options, request(options.word, scope=scope, reason=options.reason, **args))


def _without_sources(limits: "RiskLimits") -> "RiskLimits":
    """Return limits that name the functions of users' rules by their hashes alone: they cannot change while running."""
    if limits.rules is None:
        return limits
    sources = tuple(msgspec.structs.replace(each, source="") for each in limits.rules.sources)
    return msgspec.structs.replace(limits, rules=msgspec.structs.replace(limits.rules, sources=sources))


def assignment(text: str) -> tuple[str, str]:
    """Return (name, value) of `name=value`; digits may be grouped by underscores."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} sets nothing; write a limit and its value, max_open_orders=2")
    return name, value.replace("_", "") if value[0].isdigit() else value


def _show(options: argparse.Namespace) -> ExitCode:
    """Show the limits, by scope. Raises UsageError where no daemon answers, or the scope has none."""
    from daemon.limits_view import LimitsView

    reply = ask(options.socket or find(options.folder), request("limits"))
    if not reply.ok:
        raise UsageError(reply.error)
    view = msgspec.json.decode(bytes(reply.result), type=LimitsView)
    rows = [each for each in view.rows if options.scope in {"", each.scope}]
    if options.scope and not rows:
        known = ", ".join(dict.fromkeys(each.scope for each in view.rows))
        raise UsageError(f"{options.scope} has no limits of its own; scopes with limits: {known}")
    if options.json:
        write_line(msgspec.json.encode(msgspec.structs.replace(view, rows=rows)).decode())
    else:
        _tell(view, rows)
    return ExitCode.OK


def _tell(view: "LimitsView", rows: "list[LimitRow]") -> None:
    """Show some limits: figures in a table, rules and lists in words."""
    figures = [each for each in rows if each.scope not in _IN_WORDS]
    columns = [
        Column("limit", whole=True),
        Column("value", right=True, whole=True),
        Column("used", right=True, whole=True),
        Column("note"),
    ]
    if figures:
        write_table(columns, list(_by_scope(figures)))
    for scope in _IN_WORDS:
        _in_words(scope, [each for each in rows if each.scope == scope])
    write_line(f"version {view.version}" + (f", amounts in {view.base_currency}" if view.base_currency else ""))


def _by_scope(rows: list["LimitRow"]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table: each scope, and below it its limits."""
    scope = ""
    for each in rows:
        if each.scope != scope:
            scope = each.scope
            yield (scope, "", "", "")
        yield (f"  {each.name}", each.value, each.used, _note(each))


def _in_words(scope: str, rows: list["LimitRow"]) -> None:
    """Show users' rules, or lists: sentences, which no column holds."""
    if rows:
        write_line(scope)
    for each in rows:
        told = "; ".join(part for part in (each.value, each.used, _note(each)) if part)
        for line in textwrap.wrap(f"{each.name}: {told}", WIDTH, initial_indent="  ", subsequent_indent="    "):
            write_line(line)


def _note(row: "LimitRow") -> str:
    """Return what a person has to know beside the figures."""
    told = [f"settings say {row.settings}"] if row.settings else []
    if row.waiting:
        told.append(f"{row.waiting} from {_at(row.due_ns)}")
    return "; ".join(told)


def _at(time_ns: int) -> str:
    return dt.datetime.fromtimestamp(time_ns / 1e9, tz=dt.UTC).strftime("%H:%M:%S UTC")
