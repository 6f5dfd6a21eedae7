"""`[hours]` in a backtest: two days of sessions with a change of the clocks between them, and what is refused."""

import datetime as dt
from typing import Any

import pytest

from config.errors import ConfigError
from config.hours import HoursTable, tables_of
from config.load import parse
from core.orders import OrderState
from daemon.replay import replay_session
from research.compiled.errors import NotCompilable
from tests.research.backtest.made import SECOND_NS, backtest, config, history, quotes

TRADER = """
from core.orders import OrderType, Side, TimeInForce
from strategies import Strategy


class Trader(Strategy):
    \"\"\"In at the open, out at the close, a bid for the day far below, and one order in the evening.\"\"\"

    def on_start(self):
        self.days, self.told, self.refused, self.bids = set(), [], [], set()
        self.subscribe_quotes(self.markets[0])

    def want(self, side, until, type_=OrderType.MARKET, price=0):
        intent = self.order(self.markets[0], side, type_, 1_000_000, price, time_in_force=until)
        self.submit(intent)
        return intent.client_order_id

    def on_quote(self, quote):
        day = self.now_ns // 86_400_000_000_000
        if day not in self.days:
            self.days.add(day)
            self.want(Side.BUY, TimeInForce.AT_OPEN)
            self.want(Side.SELL, TimeInForce.AT_CLOSE)
        elif self.now_ns % 86_400_000_000_000 == 15 * 3_600_000_000_000:
            self.bids.add(self.want(Side.BUY, TimeInForce.DAY, OrderType.LIMIT, 5_900_000))
        elif self.now_ns % 86_400_000_000_000 == 21 * 3_600_000_000_000 + 1_200_000_000_000:
            self.want(Side.BUY, TimeInForce.GTC)

    def on_order(self, update):
        kind = "bid" if update.client_order_id in self.bids else update.side.name
        self.told.append((self.now_ns, kind, update.state))

    def on_refusal(self, refusal):
        self.refused.append((self.now_ns, refusal.code))
"""
SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[hours."BTCUSDT.BINANCE"]
daily = [["09:30", "16:00"]]
time_zone = "America/New_York"
first = 2024-03-08
last = 2024-03-12
holidays = ["2024-03-12"]

[[strategies]]
id = "trader"
use = "USE"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 5_000
max_data_age_ms = 25_000
"""
FRIDAY, MONDAY = (int(dt.datetime(2024, 3, day, 13, tzinfo=dt.UTC).timestamp()) * SECOND_NS for day in (8, 11))
STEP_NS = 20 * SECOND_NS


@pytest.fixture
def chosen(tmp_path):
    (tmp_path / "trader.py").write_text(TRADER)
    return SETTINGS.replace("USE", f"{tmp_path}/trader.py:Trader")


@pytest.fixture
def data(tmp_path):
    """A quote every 20 s from 13:00 to 21:30 UTC on a Friday and a Monday; the clocks changed on the Sunday."""
    count = 17 * 30 * 60 * SECOND_NS // STEP_NS
    days = [quotes(count, STEP_NS, first_ns=first_ns) for first_ns in (FRIDAY, MONDAY)]
    return history(tmp_path / "days", [*days[0], *days[1]])


def clock(now_ns):
    return dt.datetime.fromtimestamp(now_ns // SECOND_NS, dt.UTC).strftime("%a %H:%M:%S")


def test_two_days_are_traded_in_their_sessions_with_a_change_of_the_clocks_between(chosen, data, tmp_path):
    done = backtest(config(chosen, journal=True), data, out=tmp_path / "run")
    trader: Any = done.engine.desk.actors[0].strategy
    filled = [(clock(now_ns), kind) for now_ns, kind, state in trader.told if state is OrderState.FILLED]
    # 9:30 in New York is 14:30 UTC in winter and 13:30 in summer, 16:00 is 21:00 and 20:00.
    assert filled == [
        ("Fri 14:30:00", "BUY"),
        ("Fri 20:59:00", "SELL"),
        ("Mon 13:30:00", "BUY"),
        ("Mon 19:59:00", "SELL"),
    ]
    ended = [(clock(now_ns), kind) for now_ns, kind, state in trader.told if state is OrderState.CANCELLED]
    assert ended == [("Fri 21:00:00", "bid"), ("Mon 20:00:00", "bid")]
    assert [(clock(now_ns), code) for now_ns, code in trader.refused] == [
        ("Fri 21:20:00", "SESSION_CLOSED"),
        ("Mon 21:20:00", "SESSION_CLOSED"),
    ]
    result = replay_session(tmp_path / "run" / "journal")
    assert result.ok, result.text()


def test_the_compiled_driver_refuses_sessions_by_name(chosen, data):
    kernel = chosen[: chosen.index("id =")] + 'id = "e"\nuse = "ema-cross-kernel"\ninstruments = ["BTCUSDT.BINANCE"]\n'
    with pytest.raises(NotCompilable, match=r"does not have hours\.sessions"):
        backtest(config(kernel, driver="compiled"), data)


def test_daily_hours_leave_out_weekends_and_holidays_and_may_end_on_the_next_day():
    night = HoursTable(
        daily=(("22:00", "06:00"),), time_zone="UTC", first="2024-12-24", last="2024-12-30", holidays=("2024-12-25",)
    )
    assert [(clock(open_ns), clock(close_ns)) for open_ns, close_ns in night.table()] == [
        ("Tue 22:00:00", "Wed 06:00:00"),
        ("Thu 22:00:00", "Fri 06:00:00"),
        ("Fri 22:00:00", "Sat 06:00:00"),
        ("Mon 22:00:00", "Tue 06:00:00"),
    ]


def test_rows_in_ns_are_taken_as_they_are_and_go_to_the_simulated_venue_too():
    settings = parse(
        '[venues.x]\nconnector = "history"\ninstruments = ["A"]\n[hours.XNYS]\nsessions = [[1, 2], [3, 4]]'
    )
    assert tables_of(settings.settings.hours) == {"XNYS": ((1, 2), (3, 4))}
    assert settings.settings.paper.sim.hours.sessions == {"XNYS": ((1, 2), (3, 4))}


DAILY = 'daily = [["09:30", "16:00"]]\ntime_zone = "America/New_York"\nfirst = 2024-03-08\nlast = 2024-03-12\n'


@pytest.mark.parametrize(
    ("name", "table", "wrong"),
    [
        ("XNYS", "", "give sessions"),
        ("XNYS", "sessions = [[1, 2]]\n" + DAILY, "not both"),
        ("XNYS", "sessions = [[1, 2]]\nfirst = 2024-03-08", "leave time_zone"),
        ("XNYS", "sessions = [[1, 3], [2, 4]]", "does not follow"),
        ("XNYS", 'daily = [["09:30", "16:00"]]', "go with time_zone"),
        ("XNYS", DAILY.replace("New_York", "Nowhere"), "is not known here"),
        ("XNYS", DAILY.replace("16:00", "25:00"), "hour must be in"),
        ("XNYS", DAILY.replace("2024-03-12", "2024-03-07"), "no session from"),
        ("XNYS", DAILY.replace("last = 2024", "last = 2224"), "more than a hundred years"),
        ('"AAPL.XNYS"', DAILY, "an instrument of"),
    ],
)
def test_hours_that_make_no_table_are_refused_saying_what_to_do(name, table, wrong):
    with pytest.raises(ConfigError) as refused:
        parse(f'[venues.x]\nconnector = "history"\ninstruments = ["A"]\n[hours.{name}]\n{table}')
    told = " ".join(str(each) for each in (refused.value, *refused.value.others))
    assert wrong in told
