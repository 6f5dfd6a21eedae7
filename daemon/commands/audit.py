"""`tickerd audit ACTION`: whether the record of what happened is whole, and what it says of a day."""

import argparse

from daemon.commands import audit_export, audit_key, audit_reconcile, audit_report, audit_verify
from daemon.commands.actions import Action, add_actions
from daemon.errors import ExitCode

ACTIONS: dict[str, Action] = {
    "key": audit_key,
    "verify": audit_verify,
    "report": audit_report,
    "reconcile": audit_reconcile,
    "export": audit_export,
}

EPILOG = """examples:
  tickerd audit key ~/.config/tickerd/audit.pem
  tickerd audit verify --key audit.pem.pub --anchors /mnt/other/anchors.jsonl
  tickerd audit report --day yesterday
  tickerd audit reconcile export.csv --day yesterday
  tickerd audit export best-execution --day yesterday --out execution.parquet

`tickerd audit ACTION --help` shows each action's options, examples and exit codes; docs/audit.md the whole.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word and its actions."""
    add_actions(parser, ACTIONS, EPILOG)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    return ACTIONS[options.action].run(options)
