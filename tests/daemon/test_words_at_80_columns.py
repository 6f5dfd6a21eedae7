"""What words show fits 80 columns; what is copied or read off stays whole, however long a strategy's name."""

import pytest

from daemon.commands import breakers, limits, views
from daemon.limits_view import LimitRow, LimitsView
from daemon.status import BreakerStatus
from daemon.views.breakers import BreakersView
from daemon.views.orders import FillRow, FillsView, OrderRow, OrdersView

LONG = "a-quoter-with-a-name-of-thirty-2"
BTC = "BTCUSDT.BINANCE"


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def shown(capsys) -> str:
    text = str(capsys.readouterr().out)
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_limits_stand_below_their_scope_with_whole_names_and_rules_in_sentences(capsys):
    rule = "shrink to depth_share 0.1 when strategy ema, weekday fri or sat, time 22:00 to 06:00, spread_bps above 2.5"
    rows = [
        LimitRow(scope="all", name="max_price_volatilities", value="4.5"),
        LimitRow(scope="all", name="max_open_orders_total", value="100", used="2", settings="50", waiting="200"),
        LimitRow(scope="lists", name=f"restricted:{BTC}", value="true"),
        LimitRow(scope="rules", name="quiet-hours", value=rule, used="0 refused, 3 shrunk"),
        LimitRow(scope=f"strategy:{LONG}", name="max_turnover_per_day", value="1000000000", used="123456789.12"),
    ]
    limits._tell(LimitsView(version=7, base_currency="USDT", rows=rows), rows)
    text = shown(capsys)
    for name in (
        "  max_price_volatilities",
        "  max_open_orders_total",
        f"strategy:{LONG}\n",
        f"  restricted:{BTC}: true\n",
    ):
        assert name in text
    assert " ".join(text.split()).count(f"quiet-hours: {rule}; 0 refused, 3 shrunk") == 1
    assert "settings say 50; 200 from" in " ".join(text.split())


def order(number: int, state: str = "cancelled") -> OrderRow:
    return OrderRow(
        id=f"t15xeqc1y{number:06}", strategy=LONG, instrument=BTC, side="sell", type="limit", state=state,
        quantity="0.01", filled="0.005", leaves="0", price="60025.58",
    )  # fmt: skip


def test_orders_and_fills_have_prices_and_states_in_one_piece(capsys):
    working = [order(1), order(2, "partially-filled")]
    views._orders(OrdersView(time_ns=1, parents=[], working=working, kept=[], closed=[]))
    text = shown(capsys)
    assert text.count("sell 0.01 at 60025.58") == 2
    assert "partially-filled" in text
    fill = FillRow(
        time_ns=1, id="e", strategy=LONG, instrument=BTC, side="buy", quantity="0.01", price="60025.61", fee="0.6",
        fee_currency="USDT", liquidity="maker", realised="-0.09226666", currency="USDT", order="o",
    )  # fmt: skip
    views._fills(FillsView(time_ns=1, rows=[fill]))
    assert "buy 0.01 at 60025.61" in shown(capsys)


def test_a_breaker_whose_figure_falls_says_below_what_and_one_without_steps_has_no_figure(capsys):
    def row(breaker: str, figure: str, **ladder: str) -> BreakerStatus:
        further = next(iter(ladder.values()), "")
        return BreakerStatus(breaker=breaker, scope="all", step="calm", figure=figure, next=further, ladder=ladder,
                             since_ns=0, problem="", rearm="")  # fmt: skip

    rows = [row("feed_quorum", "2", reduce="2"), row("second_count", "0"), row("day_loss", "", warn="5")]
    breakers._tell(BreakersView(time_ns=1, base_currency="USDT", rows=rows))
    told = [line.split() for line in shown(capsys).splitlines()]
    assert told[1][3:] == ["2", "below", "2"]
    assert told[2][3:] == ["-"]
    assert told[3][3:] == ["?", "5"]
