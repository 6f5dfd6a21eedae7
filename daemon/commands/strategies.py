"""`tickerd strategies`: what `use = "..."` may name, with parameters and defaults."""

import argparse
import textwrap

from config.strategies import StrategyInfo, available
from daemon.commands.printing import Column, write_json, write_line, write_table
from daemon.errors import ExitCode

EPILOG = """examples:
  tickerd strategies
  tickerd strategies --json

Built-in strategies first, then those that installed packages offer in the entry point group `tickerd.strategies`. A
strategy of your own needs neither: use = "my/ema.py:EmaCross".

exit codes: 0 ok, 2 an installed strategy cannot be loaded
"""

COLUMNS = (Column("parameter"), Column("default"), Column("takes"))


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    for number, info in enumerate(available()):
        if options.json:
            write_json(info)
            continue
        if number:
            write_line("")
        _tell(info)
    return ExitCode.OK


def _tell(info: StrategyInfo) -> None:
    """Write one strategy: its name, what it does, its parameters."""
    write_line(f'use = "{info.use}"')
    write_line(textwrap.fill(info.summary, 80, initial_indent="  ", subsequent_indent="  "))
    if info.params:
        rows = [(param.name, param.default or "(must be given)", param.takes) for param in info.params]
        write_table(COLUMNS, rows, indent=2)
