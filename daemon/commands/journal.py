"""`tickerd journal ACTION`: what is recorded, whether it is whole, and how it leaves the journal as a table."""

import argparse
from typing import Protocol

from daemon.commands import (
    journal_book,
    journal_compress,
    journal_export,
    journal_ls,
    journal_prune,
    journal_recover,
    journal_show,
    journal_verify,
)
from daemon.errors import ExitCode


class Action(Protocol):
    """What each action's module has."""

    SUMMARY: str
    JSON_HELP: str

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Describe the action."""

    def run(self, options: argparse.Namespace) -> ExitCode:
        """Carry it out."""


ACTIONS: dict[str, Action] = {
    "ls": journal_ls,
    "show": journal_show,
    "verify": journal_verify,
    "export": journal_export,
    "book": journal_book,
    "recover": journal_recover,
    "compress": journal_compress,
    "prune": journal_prune,
}

EPILOG = """examples:
  tickerd journal ls
  tickerd journal verify latest
  tickerd journal export latest --kind fills --format csv --out fills.csv

`tickerd journal ACTION --help` shows each action's options, examples and exit codes. To run a session again, or to
ask what else would have happened: tickerd replay.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word and its actions."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, module in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add(action)
        action.add_argument("--json", action="store_true", help=module.JSON_HELP)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    return ACTIONS[options.action].run(options)
