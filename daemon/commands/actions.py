"""Words with actions, `tickerd WORD ACTION`: one module an action, each with its own `--help` and `--json`."""

import argparse
from collections.abc import Mapping
from typing import Protocol

from daemon.errors import ExitCode


class Action(Protocol):
    """What each action's module has."""

    SUMMARY: str
    JSON_HELP: str

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Describe the action."""

    def run(self, options: argparse.Namespace) -> ExitCode:
        """Carry it out."""


def add_actions(parser: argparse.ArgumentParser, actions: Mapping[str, Action], epilog: str) -> None:
    """Describe a word that is followed by one of these actions."""
    parser.epilog = epilog
    choices = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, module in actions.items():
        action = choices.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add(action)
        action.add_argument("--json", action="store_true", help=module.JSON_HELP)
