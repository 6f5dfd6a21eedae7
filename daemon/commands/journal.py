"""`tickerd journal ACTION`: what is recorded, whether it is whole, and how it leaves the journal as a table."""

import argparse

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
from daemon.commands.actions import Action, add_actions
from daemon.errors import ExitCode

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
    add_actions(parser, ACTIONS, EPILOG)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    return ACTIONS[options.action].run(options)
