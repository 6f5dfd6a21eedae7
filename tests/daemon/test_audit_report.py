import csv
import io
import json
from collections import Counter
from decimal import Decimal

import pytest

from daemon.audit.report import day_report
from daemon.audit.walk import day_of
from daemon.errors import UsageError
from daemon.operator.who import user_of
from tests.daemon.auditing import DAY, SOURCE, record_operated_day


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    root = tmp_path_factory.mktemp("operated")
    record_operated_day(root)
    return root


@pytest.fixture(scope="module")
def report(operated):
    return day_report(operated, day_of(DAY))


def _told(action):
    return [(change.what, change.before, change.after) for change in action.changes if change.before]


def test_each_command_tells_who_from_where_why_and_what_it_changed(report):
    commands = {(each.what, each.scope): each for each in report.actions if each.by}
    assert {each.by for each in commands.values()} == {"ann"}
    assert {each.source for each in commands.values()} == {SOURCE}
    halt = commands["halt", "symbol:BTCUSDT.BINANCE"]
    assert (halt.reason, halt.outcome) == ("news", "done")
    assert ("latch", "free", "halt") in _told(halt)
    assert ("latch", "halt", "free") in _told(commands["arm", "symbol:BTCUSDT.BINANCE"])
    assert "there is no" in commands["arm", "venue:NOWHERE"].outcome or "nothing is latched" in (
        commands["arm", "venue:NOWHERE"].outcome
    )
    retuned = commands["retune", "quoter-eth"]
    assert ("strategy", "active", "paused") in _told(retuned)
    assert any("half_spread_bps" in text and "-> 3.5" in text for text in retuned.said)
    assert ("strategy", "paused", "active") in _told(commands["resume", "quoter-eth"])
    kill = commands["kill", "all"]
    assert ("latch", "free", "kill") in _told(kill)
    assert any(change.what == "cancel sent" for change in kill.changes)


def test_limits_and_bookings_tell_before_and_after(report):
    lowered, raised = [each for each in report.actions if each.what == "set"]
    assert ("limit max_order_notional", "5000", "4000") in _told(lowered)
    assert ("limit max_order_notional", "4000", "4000 (9000 waits)") in _told(raised)
    [booked] = [each for each in report.actions if each.what == "book-transfer"]
    assert [change.after for change in booked.changes if change.what == "booked transfer"] == ["250.5 USDT"]
    [(before, after)] = [(Decimal(one), Decimal(other)) for what, one, other in _told(booked) if what == "balance"]
    assert after - before == Decimal("250.5")


def test_stops_last_from_their_set_to_their_end(report):
    halted, killed = report.stops
    assert (halted.scope, halted.level, halted.lifted_reason) == (
        "symbol:BTCUSDT.BINANCE",
        "halt",
        "the news were old",
    )
    assert halted.until_ns - halted.from_ns == 20 * 50_000_000
    assert (killed.scope, killed.level, killed.until_ns) == ("all", "kill", 0)


def test_refused_logins_stand_by_themselves_and_what_nobody_commanded_too(report):
    [login] = report.logins_refused
    assert login.reason == "neither the daemon's own user nor root"
    assert [each.changes[0].after for each in report.actions if each.what == "daemon"][:2] == ["STARTING", "READY"]
    assert report.alerts["warning LOGIN_REFUSED"] == 1
    assert [each.code for each in report.errors] == ["HALTED", "KILLED"]


def test_the_figures_are_those_of_the_exported_records(report, operated, tickerd):
    def rows(kind: str) -> list[dict[str, str]]:
        out = tickerd("journal", "export", next(operated.glob("2*")), "--kind", kind, "--format", "csv").out
        return list(csv.DictReader(io.StringIO(out)))

    fills = rows("fills")
    turnover: Counter[str] = Counter()
    fees: Counter[str] = Counter()
    realised: Counter[str] = Counter()
    for fill in fills:
        turnover[fill["strategy_id"]] += Decimal(fill["price"]) * Decimal(fill["quantity"])  # type: ignore[assignment]
        fees[fill["fee_currency"]] += Decimal(fill["fee"])  # type: ignore[assignment]
        realised[fill["strategy_id"]] += Decimal(fill["realised"])  # type: ignore[assignment]
    assert len(fills) > 5
    assert {each.strategy: each.fills for each in report.strategies} == Counter(each["strategy_id"] for each in fills)
    assert {each.strategy: Decimal(each.turnover) for each in report.strategies} == turnover
    assert {each.strategy: Decimal(each.realised) for each in report.strategies} == realised
    assert {name: Decimal(amount) for name, amount in report.fees.items()} == fees
    refused = Counter((each["code"], each["strategy_id"]) for each in rows("refusals"))
    assert {(each.code, each.strategy): each.count for each in report.refusals} == refused
    assert report.orders["sent"] == len(rows("submits"))
    assert report.orders["cancels sent"] == len(rows("cancels"))


def test_the_word_tells_it_as_text_json_and_csv(operated, tickerd, tmp_path):
    text = tickerd("audit", "report", "--day", DAY, "--root", operated)
    assert text.code == 0
    assert "halt symbol:BTCUSDT.BINANCE by ann (socket:uid=1000,pid=4711): news" in text.out
    assert "kill all from" in text.out
    assert "a login was refused" in text.out
    out = tmp_path / "day.json"
    assert tickerd("audit", "report", "--day", DAY, "--root", operated, "--json", "--out", out).code == 0
    assert json.loads(out.read_text())["day"] == DAY
    table = tickerd("audit", "report", "--day", DAY, "--root", operated, "--csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["what"] for row in rows if row["by"]] == [
        "halt",
        "arm",
        "arm",
        "retune",
        "resume",
        "set",
        "set",
        "book-transfer",
        "login-refused",
        "kill",
    ]
    empty = tickerd("audit", "report", "--day", "2024-11-22", "--root", operated)
    assert empty.out.startswith("2024-11-22 UTC: 0 sessions")
    assert tickerd("audit", "report", "--day", "soon", "--root", operated).code == 2


def test_days_are_utc_days():
    day = day_of(DAY)
    assert (day.begin_ns, day.end_ns - day.begin_ns) == (1_732_147_200_000_000_000, 86_400_000_000_000)
    with pytest.raises(UsageError, match="days are UTC"):
        day_of("2024-13-01")


def test_the_name_of_a_uid_is_the_systems():
    assert user_of("socket:uid=0,pid=1") == "root"
    assert user_of("socket:uid=4294967294,pid=1") == ""
    assert user_of("signal:SIGUSR1") == ""
