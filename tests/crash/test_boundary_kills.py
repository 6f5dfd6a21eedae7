"""kill -9 at every journal write and every send of a scripted trading day, five deep; the exchange's ledger judges.

The day has one of each: resting, taking, filled in part, replaced, amended, stopped, bracketed, cancelled. A daemon
dies at one boundary of it, four times more at boundaries of its own recovery, and then lives. `make crash` does it for
every boundary, and prints what it came to; the suite does one of a kind. Two more days trade contracts: one with a net
position and isolated margin, which is liquidated, one in hedge mode; funding is paid in life and death.
"""

import os

import pytest

from tests.crash.boundaries import AFTER, BEFORE, ORDERS, STARTING, TORN
from tests.crash.days import DAYS, HEDGE, ONE_WAY
from tests.crash.lives import Death, Lives
from tests.crash.sweep import sweep

IN_TRADING = 95
"""A boundary by which the daemon has sent orders: it is READY at the 70th or so."""


@pytest.mark.slow
def test_five_crashes_deep_no_order_no_execution_and_no_money_is_lost(tmp_path):
    deaths = [
        Death(IN_TRADING, TORN),
        Death(12, BEFORE),  # the lease is held, no state is taken over yet
        Death(50, AFTER),
        Death(IN_TRADING, AFTER),
        Death(40, TORN),
    ]
    with Lives(tmp_path) as lives:
        outcome = lives.schedule(deaths)
    assert [told.count for told in outcome.lives[:-1]] == [death.at + 1 for death in deaths]
    first, early, late, *_ = outcome.lives
    assert ORDERS in first.kinds
    assert early.phases[-1] == late.phases[-1] == STARTING
    assert not outcome.lives[-1].way
    assert outcome.executions > 0


@pytest.mark.slow
@pytest.mark.parametrize("day", [ONE_WAY, HEDGE], ids=lambda day: day.name)
def test_five_crashes_deep_no_position_no_funding_and_no_liquidation_is_lost(tmp_path, day):
    deaths = [
        Death(IN_TRADING + 15, TORN),
        Death(30, BEFORE),
        Death(IN_TRADING + 25, AFTER),  # while dead one that is isolated is liquidated
        Death(55, AFTER),
        Death(IN_TRADING + 45, BEFORE),
    ]
    with Lives(tmp_path, day) as lives:
        outcome = lives.schedule(deaths)
    assert ORDERS in outcome.lives[0].kinds
    assert not outcome.lives[-1].way
    assert outcome.executions > 0


@pytest.mark.slow
def test_a_daemon_that_sends_before_it_journals_is_found_out(tmp_path):
    with Lives(tmp_path, hasty=True) as lives:
        found = 0
        for at in range(IN_TRADING - 15, IN_TRADING):
            try:
                lives.schedule([Death(at, BEFORE)])
            except AssertionError as error:
                assert "no journal asked for" in str(error)  # noqa: PT017 - most schedules end well, some must not
                found += 1
    assert found, "orders left that no journal knows of, and the ledger's judge saw nothing"


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS.values(), ids=lambda day: day.name)
def test_a_kill_at_every_boundary_of_a_day_loses_no_order_and_no_money(tmp_path, capsys, day):
    tally = sweep(tmp_path, os.cpu_count() or 1, day)
    with capsys.disabled():
        print("", tally.table(), sep="\n")  # noqa: T201 - the numbers are what it is run for
    assert not tally.failures, "\n\n".join(tally.failures)
    assert tally.ready
    assert not tally.missed(), "boundaries of a recovery at which none died"
