"""`tickerd alerts` and `tickerd ack`: errors that nobody has acknowledged, and the word that somebody has."""

import argparse

import msgspec

from daemon.commands.operate import add_daemon, speak
from daemon.commands.printing import Column, utc_text, write_line, write_table
from daemon.errors import ExitCode, UsageError
from daemon.operator.client import ask, find, request
from daemon.queries import AlertsView

EXAMPLES = {
    "alerts": "tickerd alerts\n  tickerd alerts --json",
    "ack": "tickerd ack 3\n  tickerd ack 3 5 --reason 'the disk is back'\n  tickerd ack all",
}
TOLD = {
    "alerts": "Errors stay open, over restarts, until somebody acknowledges them. A line is one cause.",
    "ack": "Says that you saw them; the journal keeps who, when and why. What is told again opens again.",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    word = parser.prog.rpartition(" ")[2]
    parser.epilog = (
        f"{TOLD[word]}\n\nexamples:\n  {EXAMPLES[word]}\n\n"
        "exit codes: 0 done, 2 refused (the message says why), or no daemon answers\n"
    )
    if word == "ack":
        parser.add_argument("ids", nargs="+", metavar="ID", help="numbers as `tickerd alerts` shows them, or all")
        parser.add_argument("--reason", default="", help="what was done about it, for the journal")
    add_daemon(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    if options.word == "ack":
        return speak(options, request("ack", reason=options.reason, alerts=",".join(options.ids)))
    reply = ask(options.socket or find(options.folder), request("alerts"))
    if options.json:
        write_line(msgspec.json.encode(reply).decode())
    if not reply.ok:
        raise UsageError(reply.error)
    if not options.json:
        _tell(msgspec.json.decode(bytes(reply.result), type=AlertsView))
    return ExitCode.OK


def _tell(view: AlertsView) -> None:
    if not view.rows:
        write_line("nothing is left to acknowledge")
        return
    columns = (Column("id", right=True), Column("last (UTC)"), Column("times", right=True), Column("what"))
    rows = [
        (
            str(each.id),
            utc_text(each.last_ns)[:19],
            str(each.count),
            f"{each.code} {each.instrument}".strip() + f": {each.message}",
        )
        for each in view.rows
    ]
    write_table(columns, rows)
    write_line("`tickerd ack ID --reason ...` says that you saw it")
