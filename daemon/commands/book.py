"""`tickerd book`: tell the running daemon of a dividend, a split or a transfer that no connector tells of."""

import argparse

from core.scopes import ALL, symbol_scope, venue_scope
from daemon.commands.operate import add_daemon, speak
from daemon.errors import ExitCode
from daemon.operator.client import request

EPILOG = """examples:
  tickerd book dividend AAPL.XNAS 0.24 --reason 'paid 2026-02-12' --id AAPL-2026-Q1
  tickerd book split AAPL.XNAS 4 1 --reason '4 for 1'
  tickerd book transfer USD -1500 --reason 'paid out to the bank' --venue XNAS

exit codes: 0 booked, 2 refused (the message says why), or no daemon answers
"""

_PREFIX = "book-"


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    dividend = whats.add_parser("dividend", help="what one whole share brought, net of what was withheld")
    dividend.add_argument("instrument", metavar="SYMBOL.VENUE", help="the instrument")
    dividend.add_argument("amount", metavar="AMOUNT", help="of one whole share, as a decimal number")
    dividend.add_argument("--currency", default="", metavar="CODE", help="where it is not the instrument's own")
    split = whats.add_parser("split", help="new shares for old ones")
    split.add_argument("instrument", metavar="SYMBOL.VENUE", help="the instrument")
    split.add_argument("new", metavar="NEW", help="so many new shares")
    split.add_argument("old", metavar="OLD", help="for so many old ones")
    split.add_argument("--cash-price", default="", metavar="PRICE", help="paid for fractions, of one new share")
    transfer = whats.add_parser("transfer", help="money that came or went")
    transfer.add_argument("currency", metavar="CURRENCY", help="of which currency")
    transfer.add_argument("amount", metavar="AMOUNT", help="how much; negative where it went out")
    transfer.add_argument("--venue", default="", metavar="VENUE", help="at which venue, where there are several")
    for each in (dividend, split, transfer):
        each.add_argument("--reason", required=True, help="why, for the journal and for who comes after")
        each.add_argument("--id", default="", metavar="NAME", help="its name: one that was booked is refused")
        add_daemon(each)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    names = ("id", "amount", "currency", "new", "old", "cash_price")
    args = {name: text for name in names if (text := getattr(options, name, ""))}
    if options.what == "transfer":
        scope = venue_scope(options.venue) if options.venue else ALL
    else:
        scope = symbol_scope(options.instrument)
    return speak(options, request(_PREFIX + options.what, scope=scope, reason=options.reason, **args))
