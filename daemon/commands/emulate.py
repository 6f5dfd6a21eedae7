"""`tickerd emulate VENUE`: serve a venue's own protocol from recorded frames or a seeded synthetic market."""

import argparse

from daemon.errors import ExitCode


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word; each venue's emulator describes its own options."""
    from connectors.embedded.command import add_arguments

    add_arguments(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from connectors.embedded.command import main

    return ExitCode(main(options))
