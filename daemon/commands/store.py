"""`tickerd store ACTION`: sessions as tables in one SQLite file, made again from the journals at any time."""

import argparse

from daemon.commands import store_prune, store_query, store_rebuild, store_status, store_vacuum
from daemon.commands.actions import Action, add_actions
from daemon.errors import ExitCode

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
    add_actions(parser, ACTIONS, EPILOG)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    return ACTIONS[options.action].run(options)
