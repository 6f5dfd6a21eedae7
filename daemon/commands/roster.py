"""`tickerd add`, `remove`, `disable`, `enable`: change which strategies are at work in the daemon that runs here."""

import argparse
from pathlib import Path

from daemon.commands.operate import add_daemon, collar_ppm, speak
from daemon.errors import ExitCode
from daemon.operator.client import request

EXAMPLES = {
    "add": "tickerd add -c my/ema.toml --strategy ema --reason 'calm market'",
    "remove": "tickerd remove ema --reason 'it loses'\n  tickerd remove ema --flatten --collar 0.5% --reason 'enough'",
    "disable": "tickerd disable ema --reason 'until the news is out'",
    "enable": "tickerd enable ema --reason 'the news is out'",
}

TOLD = {
    "add": (
        "Reads the file, loads the strategy and starts it. The file is read as at a start: live it must be committed,\n"
        "and nothing may be overridden. Its instruments must be among the daemon's; limits of its own have to hold\n"
        "already (`tickerd reload`). Live it goes on after a restart, until the settings name it; on paper it ends\n"
        "with the session."
    ),
    "remove": (
        "Takes a strategy off the market and cancels its orders; it leaves once nothing of it works. One that holds a\n"
        "position is refused, or with --flatten closed inside the collar first. What it earned stays in the books."
    ),
    "disable": "Takes a strategy off the market and cancels its orders; live, a restart does not start it either.",
    "enable": "Starts a strategy that was disabled: it sees its positions and begins anew.",
}

ADD_S = 60.0
"""How long an answer may take: imports do."""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    word = parser.prog.rpartition(" ")[2]
    parser.epilog = (
        f"{TOLD[word]}\n\nexamples:\n  {EXAMPLES[word]}\n\n"
        "exit codes: 0 done, 2 refused (the message says why), or no daemon answers\n"
    )
    if word == "add":
        parser.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings file")
        parser.add_argument("--strategy", required=True, metavar="ID", help="which of its strategies")
    else:
        parser.add_argument("strategy", metavar="STRATEGY", help="the strategy's id")
    if word == "remove":
        parser.add_argument("--flatten", action="store_true", help="close its positions first")
        parser.add_argument(
            "--collar", type=collar_ppm, metavar="SHARE", help="how far from the middle at most (default 1%%)"
        )
    parser.add_argument("--reason", required=True, help="why, for the journal and for who comes after")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    args: dict[str, str] = {}
    if options.word == "add":
        args["config"] = str(options.config.resolve())
    if getattr(options, "flatten", False):
        args["flatten"] = "yes"
    if getattr(options, "collar", None) is not None:
        args["collar_ppm"] = str(options.collar)
    wanted = request(options.word, strategy=options.strategy, reason=options.reason, **args)
    return speak(options, wanted, ADD_S)
