"""Makes `docs/conformance.md` from the register: `python -m tests.conformance.table`."""

from collections.abc import Iterable
from pathlib import Path

from core.orders import OrderType
from tests.conformance import cases_books, cases_clock, cases_faults, cases_life, cases_orders, covered
from tests.conformance.case import CASES

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
VENUES = {"spot": "Binance spot", "usdm": "Binance USDⓈ-M"}
OFFERS = {"spot": {"iceberg", "halt"}, "usdm": {"reduce-only", "listen-key"}}
PROCESS = {
    "F50": (
        "kill -9 at any moment",
        (
            "tests/crash/test_boundary_kills.py::test_five_crashes_deep_no_order_no_execution_and_no_money_is_lost",
            "tests/crash/test_boundary_kills.py::test_a_kill_at_every_boundary_of_a_day_loses_no_order_and_no_money",
            "tests/crash/test_journal_kill.py::test_nothing_that_the_kernel_had_is_lost_by_kill_9",
            (
                "tests/engine/test_reconcile_properties.py::test_five_crashes_deep_nothing_is_lost_and_nothing_is_booked_twice"
            ),
        ),
    ),
    "F51": (
        "a torn tail",
        (
            (
                "tests/journal/test_journal_recover.py::test_a_cut_at_every_byte_of_the_tail_recovers_exactly_the_records_before_it"
            ),
        ),
    ),
    "F52": (
        "bytes that rotted, or a middle that is gone",
        (
            "tests/journal/test_journal_verify.py::test_a_flip_of_any_byte_is_found_at_its_sequence_number",
            "tests/journal/test_journal_verify.py::test_an_edit_that_mends_its_crc_breaks_the_chain",
            "tests/journal/test_journal_recover.py::test_damage_before_the_tail_is_never_repaired",
        ),
    ),
    "F53": (
        "a sync that fails",
        (
            "tests/journal/test_journal_writer.py::test_a_failed_sync_is_fatal_and_never_tried_again",
            "tests/journal/test_journal_writer.py::test_the_first_failed_write_latches",
        ),
    ),
    "F54": (
        "a full disk",
        (
            "tests/journal/test_journal_writer.py::test_a_full_disk_gives_up_the_reserve_first_and_says_so",
            (
                "tests/acceptance/test_lifecycle.py::test_a_full_disk_stops_trading_says_so_and_loses_nothing_that_was_written"
            ),
        ),
    ),
    "F55": (
        "two daemons on one account",
        (
            "tests/daemon/live/test_lease.py::test_a_second_daemon_on_the_account_is_refused_and_told_who_has_it",
            "tests/daemon/live/test_lease.py::test_a_stopped_process_keeps_the_account",
            "tests/conformance/cases_books.py::later_session",
        ),
    ),
    "F56": (
        "a grace that runs out with orders open",
        (
            (
                "tests/acceptance/test_lifecycle.py::test_a_drain_that_gets_no_answer_ends_with_its_budget_and_says_what_is_open"
            ),
            (
                "tests/connectors/binance_trading/test_trading_usdm.py::test_the_dead_man_timer_is_armed_while_up_and_runs_out_when_nobody_is_left"
            ),
        ),
    ),
}
"""What no connector answers for: the process, its disk and its host."""

HEAD = """\
# Conformance of trading connectors

Every trading connector passes these cases, run with the core (an engine that reconciles) against the embedded venue
over real sockets: `python -m pytest tests/conformance`. Another venue's connector plugs in by one adapter, the protocol
`Venue` in `tests/conformance/venue.py`.

Each case ends with the faults taken off, and then must hold, against `GET /emulator/ledger`:

- I1: no order at the venue that was not meant before it was sent;
- I2: at most one live order of each intent, and none sent twice;
- I3: our fills are the venue's as sets of order, id, price, quantity and fee;
- I4: what may still fill at the venue is reserved here;
- I6: once trading ends, nothing more is opened;
- I7: our books are the venue's within 30 seconds, with no order left UNKNOWN.

This page is made from the suite (`python -m tests.conformance.table`), and a test holds it to that.
"""
_LIFE = """\
Each type of order, and each ordinary move of an order's life ([order-life.md](order-life.md)), with the cases that must
show it: a case that did not fails."""


def page() -> str:
    """Return the page as the register has it."""
    assert CASES.keys() >= {1}, (
        f"{cases_orders}, {cases_life}, {cases_faults}, {cases_books}, {cases_clock} fill the register"
    )
    lines = [HEAD, f"| Case | What must hold | Faults | {' | '.join(VENUES.values())} |", "|---|---|---|---|---|"]
    for _, one in sorted(CASES.items()):
        cells = []
        for venue in VENUES:
            offered = not one.needs or one.needs in OFFERS[venue]
            cells.append(("not yet" if venue in one.broken else "passes") if offered else f"no {one.needs}")
        lines.append(f"| {one.name} | {one.says} | {', '.join(one.faults)} | {' | '.join(cells)} |")
    lines += ["", "## Order types and moves", "", _LIFE, "", "| Order type or move | Cases |", "|---|---|"]
    for kind in OrderType:
        lines.append(f"| {kind.value} | {_cases(n for n, each in covered.TYPES.items() if each is kind)} |")
    for move in covered.ordinary_moves():
        shown = _cases(number for number, moves in covered.MOVES.items() if move in moves)
        lines.append(f"| {move} | {shown or covered.NOT_BY_A_CONNECTOR[move]} |")
    lines += ["", "## The process, its disk and its host", "", "| Fault | What happens | Shown by |", "|---|---|---|"]
    for fault, (what, tests) in PROCESS.items():
        lines.append(f"| {fault} | {what} | {', '.join(f'`{each}`' for each in tests)} |")
    return "\n".join(lines) + "\n"


def _cases(numbers: Iterable[int]) -> str:
    return ", ".join(f"C-{number:03}" for number in numbers)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
