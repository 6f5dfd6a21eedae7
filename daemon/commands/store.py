"""`tickerd store ACTION`: sessions as tables in one SQLite file, made again from the journals at any time."""

import argparse
from typing import Protocol

from daemon.commands import store_prune, store_query, store_rebuild, store_status, store_vacuum
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
    "query": store_query,
    "status": store_status,
    "rebuild": store_rebuild,
    "prune": store_prune,
    "vacuum": store_vacuum,
}

EPILOG = """examples:
  tickerd store rebuild
  tickerd store query fills --session latest
  tickerd store status

[store] enabled = true keeps the store up to date while sessions run. It is a plain SQLite file: docs/store.md lists its
tables. `tickerd store ACTION --help` shows each action's options, examples and exit codes.
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
