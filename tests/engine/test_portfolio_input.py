"""The portfolio's figures are an input: journaled, kept for limits, part of the digest, alerted once."""

import msgspec

from core.codec import decode_payload, encode_payload
from core.effects import Alert
from core.money import money
from core.portfolio import BreakFigure, PortfolioRisk, TailFigure
from core.records import Kind
from tests.engine.scenario import Stage, only

BREAK = BreakFigure("BTC", "ETH", 0.9, 0.1, 1e-9)
TOLD = PortfolioRisk(
    as_of_ns=5,
    base_currency="USDT",
    method="historical",
    bars=300,
    var_99=str(money("123456789.5")),
    es_99=str(money("200000000")),
    stress_worst=str(money("500000000")),
    tails=(TailFigure("historical", 990_000, "1", "2"),),
    breaks=(BREAK,),
)


def staged() -> Stage:
    stage = Stage()
    stage.open()
    return stage


def test_limits_read_the_last_figures_as_whole_money():
    stage = staged()
    assert (stage.engine.portfolio.as_of_ns, stage.engine.portfolio.age_ns(stage.now_ns)) == (0, -1)

    stage.payload(Kind.PORTFOLIO, TOLD)

    figures = stage.engine.portfolio
    assert (figures.var_99, figures.es_99) == (money("123456789.5"), money("200000000"))
    assert (figures.stress_worst, figures.as_of_ns, figures.base_currency) == (money("500000000"), 5, "USDT")
    assert figures.age_ns(stage.now_ns) == stage.now_ns - 5


def test_a_problem_leaves_the_figures_to_age_and_is_alerted_once():
    stage = staged()
    stage.payload(Kind.PORTFOLIO, TOLD)
    problem = PortfolioRisk(as_of_ns=9, base_currency="USDT", problem="the worker was lost")

    first, again = stage.payload(Kind.PORTFOLIO, problem), stage.payload(Kind.PORTFOLIO, problem)

    assert [(each.code, each.message) for each in only(first, Alert)] == [("PORTFOLIO_RISK", "the worker was lost")]
    assert list(again) == []
    assert (stage.engine.portfolio.as_of_ns, stage.engine.portfolio.var_99) == (5, money("123456789.5"))
    stage.payload(Kind.PORTFOLIO, msgspec.structs.replace(TOLD, as_of_ns=10))
    assert stage.engine.portfolio.problem == ""
    assert only(stage.payload(Kind.PORTFOLIO, problem), Alert)


def test_bars_that_come_one_by_one_are_waited_for_with_one_alert():
    stage = staged()
    waiting = [
        PortfolioRisk(as_of_ns=at, base_currency="USDT", problem=f"{at} bars of 31", problem_kind="history")
        for at in (1, 2)
    ]

    told = [alert for each in waiting for alert in only(stage.payload(Kind.PORTFOLIO, each), Alert)]
    lost = PortfolioRisk(as_of_ns=3, base_currency="USDT", problem="lost", problem_kind="worker")
    told += only(stage.payload(Kind.PORTFOLIO, lost), Alert)

    assert [(each.severity.value, each.message) for each in told] == [("info", "1 bars of 31"), ("warning", "lost")]
    assert stage.engine.portfolio.problem == "lost"


def test_a_break_is_alerted_when_it_begins():
    stage = staged()

    first, again = stage.payload(Kind.PORTFOLIO, TOLD), stage.payload(Kind.PORTFOLIO, TOLD)

    assert [each.code for each in only(first, Alert)] == ["CORRELATION_BREAK"]
    assert "from 0.90 to 0.10" in only(first, Alert)[0].message
    assert only(again, Alert) == []


def test_an_answer_that_comes_late_does_not_take_newer_figures_away():
    stage = staged()
    stage.payload(Kind.PORTFOLIO, msgspec.structs.replace(TOLD, as_of_ns=8, var_99="8"))

    stage.payload(Kind.PORTFOLIO, TOLD)

    assert (stage.engine.portfolio.as_of_ns, stage.engine.portfolio.var_99) == (8, 8)


def test_figures_of_the_same_time_take_the_place_of_those_before():
    stage = staged()
    stage.payload(Kind.PORTFOLIO, TOLD)

    stage.payload(Kind.PORTFOLIO, msgspec.structs.replace(TOLD, var_99="8"))

    assert stage.engine.portfolio.var_99 == 8


def test_the_digest_covers_figures_and_is_as_before_without_any():
    stages = [staged(), staged(), staged()]
    assert len({stage.engine.digest() for stage in stages}) == 1

    stages[0].payload(Kind.PORTFOLIO, TOLD)
    stages[1].payload(Kind.PORTFOLIO, msgspec.structs.replace(TOLD, var_99="1"))

    assert len({stage.engine.digest() for stage in stages}) == 3


def test_figures_read_back_from_a_record_as_they_were():
    assert decode_payload(Kind.PORTFOLIO, encode_payload(TOLD)) == TOLD
