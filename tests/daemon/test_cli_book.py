"""`tickerd book`: what is said on the command line reaches the daemon as a command, and its refusal comes back."""

import pytest

from daemon.cli import main
from tests.daemon.test_operator_door import Desk, at_the_door

WHY = ("--reason", "the broker's letter")


@pytest.mark.parametrize(
    ("said", "name", "scope", "args"),
    [
        (
            ["dividend", "AAPL.XNAS", "0.24", "--currency", "EUR", "--id", "Q1"],
            "book-dividend",
            "symbol:AAPL.XNAS",
            {"amount": "0.24", "currency": "EUR", "id": "Q1"},
        ),
        (
            ["split", "AAPL.XNAS", "1", "3", "--cash-price", "450"],
            "book-split",
            "symbol:AAPL.XNAS",
            {"new": "1", "old": "3", "cash_price": "450"},
        ),
        (["transfer", "USD", "-1500"], "book-transfer", "all", {"amount": "-1500", "currency": "USD"}),
        (
            ["transfer", "USD", "5", "--venue", "XNAS"],
            "book-transfer",
            "venue:XNAS",
            {"amount": "5", "currency": "USD"},
        ),
    ],
)
def test_a_booking_reaches_the_daemon_as_a_command(tmp_path, capsys, said, name, scope, args):
    desk = Desk()
    desk.says = ["BOOKED: it was"]
    assert at_the_door(tmp_path, lambda path: main(["book", *said, *WHY, "--socket", str(path)]), desk) == 0
    [command] = desk.commands
    assert (command.name, command.scope, command.args) == (name, scope, args)
    assert command.reason == WHY[1]
    assert "BOOKED: it was" in capsys.readouterr().out


def test_a_refused_booking_says_why_and_ends_with_an_error(tmp_path, capsys):
    desk = Desk()
    desk.says = ["COMMAND_REFUSED: book-split AAPL.XNAS: no split"]
    said = ["book", "split", "AAPL.XNAS", "2", "2", *WHY]
    assert at_the_door(tmp_path, lambda path: main([*said, "--socket", str(path)]), desk) == 2
    assert "no split" in capsys.readouterr().err
