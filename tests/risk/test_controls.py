"""Limits at every level: each at its figure and one unit below it, in each scope, and what they count."""

import statistics
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import msgspec
import pytest

from core.events import ReportType
from core.money import money
from core.orders import ApprovedReplace, OrderType, Refusal, Side
from risk.control_settings import ControlSettings, ScopeLimits
from risk.errors import LimitsError
from risk.limits import RiskLimits, limits_version
from tests.risk.control_room import CROSS, PERP, SPOT, ControlRoom, limited
from tests.risk.room import SECOND_NS, WIDE

SCOPES: dict[str, dict[str, Any]] = {
    "all": {},
    "account:main": {"accounts": {"main": ("BINANCE",)}},
    "venue:BINANCE": {},
    "class:perpetual": {},
    "currency:BTC": {},
    "group:majors": {"groups": {"majors": ("BTCUSDT.BINANCE", "ETHUSDT.KRAKEN")}},
    "symbol:BTCUSDT.BINANCE": {},
    "strategy:ema": {},
}


def busy(room):
    """Hold 0.03 BTC, for 30 USDT, and have 0.02 of buys (19.98 USDT) and 0.01 of sells (10.01) open, all of `ema`."""
    room.fill(room.place(quantity=300), 300, fee="0.01")
    room.place(quantity=200, price=999_00)
    room.place(side=Side.SELL, quantity=100, price=1001_00)
    room.wait(10 * SECOND_NS)


BOUNDED = {
    "max_order_value": ("ORDER_VALUE", 18),
    "max_gross_notional": ("GROSS_NOTIONAL", 18),
    "max_net_notional": ("NET_NOTIONAL", 18),
    "max_open_notional": ("OPEN_NOTIONAL", 18),
    "max_open_orders": ("OPEN_ORDERS", 0),
    "max_leverage": ("LEVERAGE", 6),
    "max_concentration": ("CONCENTRATION", 6),
    "max_depth_share": ("DEPTH_SHARE", 6),
    "max_orders_per_minute": ("SCOPE_RATE", 0),
    "max_messages_per_minute": ("SCOPE_RATE", 0),
    "max_orders_per_day": ("DAY_ORDERS", 0),
    "max_fills_per_day": ("DAY_FILLS", 0),
    "max_turnover_per_day": ("DAY_TURNOVER", 18),
}


ELSEWHERE = {
    ("all", "max_open_orders"),
    ("all", "max_orders_per_minute"),
    ("symbol:BTCUSDT.BINANCE", "max_open_orders"),
}
"""Limits that `[risk]` and `[risk.instruments]` have: the checks of the gate itself hold them."""


@pytest.mark.parametrize(("scope", "name"), [each for each in product(SCOPES, BOUNDED) if each not in ELSEWHERE])
def test_a_limit_holds_at_its_figure_and_not_one_unit_below_it(scope, name):
    code, decimals = BOUNDED[name]

    def ask(limit):
        room = ControlRoom(**limited(scope, **{name: 10**9}), **SCOPES[scope])
        busy(room)
        set_limit(room, scope, **{name: limit})
        return room.ask(quantity=100, price=1000_10)

    refusal = ask(0)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert Decimal(refusal.limit) == 0
    assert scope in refusal.message
    with localcontext(prec=40):
        figure = Decimal(refusal.figure)
        below = figure - Decimal(1).scaleb(-decimals)
    assert not isinstance(ask(written(figure, decimals)), Refusal), f"{name} at {figure}"
    tight = ask(written(below, decimals))
    assert isinstance(tight, Refusal), f"{name} at {below}"
    assert tight.code == code


def written(figure, decimals):
    return f"{figure:f}" if decimals else int(figure)


def set_limit(room, scope, **limits):
    controls = msgspec.structs.replace(room.gate.limits.controls, limits={scope: ScopeLimits(**limits)})
    room.gate.change(msgspec.structs.replace(room.gate.limits, controls=controls))


def test_the_least_cash_holds_at_its_figure_and_not_one_unit_above_it():
    def ask(limit):
        room = ControlRoom(**limited(min_cash=0))
        busy(room)
        set_limit(room, "all", min_cash=limit)
        return room.ask(quantity=100, price=1000_10)

    refusal = ask(999)
    assert refusal.code == "CASH_RESERVE"
    # 1000 less the fee; a perpetual without leverage binds its whole value: 0.05 at the middle, the order at its price.
    assert Decimal(refusal.figure) == Decimal(1000) - Decimal("0.01") - 50 - Decimal("10.001")
    assert not isinstance(ask(refusal.figure), Refusal)
    assert ask(f"{Decimal(refusal.figure) + Decimal(1).scaleb(-18):f}").code == "CASH_RESERVE"


@pytest.mark.parametrize("name", [*BOUNDED, "max_fees_per_day"])
def test_what_only_takes_off_passes_every_limit_but_the_count_of_open_orders(name):
    given: dict[str, Any] = {name: 10**9}
    room = ControlRoom(**limited("class:perpetual", **given))
    room.fill(room.place(quantity=300), 300, fee="0.01")
    set_limit(room, "class:perpetual", **{name: 0})
    expected = "OPEN_ORDERS" if name == "max_open_orders" else ""
    assert room.code(side=Side.SELL, quantity=300) == expected
    assert room.code(side=Side.BUY, quantity=10) != ""


def test_fees_of_today_are_spent_at_the_limit():
    room = ControlRoom(**limited(max_fees_per_day="0.03"))
    for fee in ("0.02", "0.01"):
        room.fill(room.place(), 100, fee=fee)
    refusal = room.refusal()
    assert (refusal.code, refusal.limit, refusal.figure) == ("DAY_FEES", "0.03", "0.03")


def test_a_new_day_begins_with_nothing():
    room = ControlRoom(**limited(max_orders_per_day=2))
    room.place()
    room.place(quantity=105)
    assert room.code() == "DAY_ORDERS"
    room.wait(86_400 * SECOND_NS)
    assert room.code() == ""


def test_an_order_in_another_currency_counts_at_the_rate_of_the_markets():
    room = ControlRoom(equity="100000", **limited(max_order_value=2_000))
    assert room.code(instrument=CROSS, quantity=1000) == ""  # 0.1 SOL at 100 ETH of 200 USDT
    assert Decimal(room.refusal(instrument=CROSS, quantity=1005).figure) == Decimal(2010)


def test_without_a_rate_nothing_is_opened_and_all_may_be_closed():
    room = ControlRoom(equity="100000", **limited(max_order_value=100_000))
    room.hold(100, instrument=CROSS)
    room.markets[SPOT].connected = False
    assert room.code(instrument=CROSS) == "UNVALUED"
    assert room.code(instrument=CROSS, side=Side.SELL) == ""


def test_a_position_that_nobody_prices_stops_what_would_be_added_to_its_scopes():
    room = ControlRoom(equity="100000", limits={"all": ScopeLimits(max_gross_notional=10**6)})
    room.hold(100, instrument=SPOT)
    room.wait(2 * SECOND_NS)
    market = room.markets[SPOT]
    market.quote_ns = market.bid_price = market.ask_price = market.last_price = 0
    refusal = room.refusal()
    assert refusal.code == "UNVALUED"
    assert "ETHUSDT.KRAKEN has no price in USDT" in refusal.message


def test_a_strategy_has_limits_of_its_own_position_whatever_the_others_hold():
    room = ControlRoom(**limited("strategy:ema", max_gross_notional=30))
    room.hold(300, strategy_id="other")
    assert room.code(quantity=300) == ""
    assert room.code(quantity=10) == "GROSS_NOTIONAL"
    assert room.code(quantity=500, strategy_id="other") == ""


def test_what_a_strategy_held_before_its_limit_was_set_counts_at_its_first_order_anywhere():
    room = ControlRoom(equity="100000")
    room.hold(300)
    room.end_event()
    for times in range(2):  # the second time the scope is gone and comes back
        room.gate.change(
            msgspec.structs.replace(WIDE, controls=ControlSettings(**limited("strategy:ema", max_gross_notional=40)))
        )
        assert room.code(instrument=SPOT, quantity=505) == "GROSS_NOTIONAL", times
        assert room.code(instrument=SPOT, quantity=505, strategy_id="other") == ""
        room.gate.change(msgspec.structs.replace(WIDE, controls=ControlSettings()))
        room.end_event()
    room.gate.change(
        msgspec.structs.replace(WIDE, controls=ControlSettings(**limited("strategy:ema", max_gross_notional=40)))
    )
    assert room.code(instrument=SPOT, quantity=500) == ""


def test_the_account_nets_what_strategies_hold_against_each_other():
    room = ControlRoom(self_trade=True, **limited(max_gross_notional=30))
    room.hold(300, strategy_id="one")
    room.hold(-300, strategy_id="two")
    assert room.code(quantity=300) == ""


def test_values_follow_the_market_within_a_second():
    room = ControlRoom(**limited(max_gross_notional=50))
    room.hold(300)
    room.quote(PERP, 1499_90, 1500_10)
    room.wait(SECOND_NS)
    assert Decimal(room.refusal(quantity=100, price=1499_90).figure) == Decimal("59.999")


def test_a_replacement_counts_by_what_it_adds():
    room = ControlRoom(**limited("class:perpetual", max_gross_notional=20, max_open_orders=1))
    name = room.place(price=999_00)
    room.report(ReportType.ACCEPTED, name)
    assert isinstance(room.replace(name, quantity=200), ApprovedReplace)
    refusal = room.replace(name, quantity=205)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "GROSS_NOTIONAL"


def test_cancels_count_as_messages_and_pass_where_no_order_would():
    room = ControlRoom(**limited(max_messages_per_minute=3))
    first, second = room.place(price=999_00), room.place(price=998_00)
    room.cancel(first)
    assert room.code() == "SCOPE_RATE"
    room.cancel(second)
    room.wait(60 * SECOND_NS)
    assert room.code() == ""


def test_the_same_order_twice_within_the_window_is_one_too_many():
    room = ControlRoom(**limited(duplicate_window_ms=500))
    room.place()
    room.wait(500_000_000 - 1)
    refusal = room.refusal()
    assert (refusal.code, refusal.limit, refusal.figure) == ("DUPLICATE_ORDER", "500", "499.999999")
    assert room.code(quantity=105) == ""
    assert room.code(strategy_id="other") == ""
    room.wait(1)
    assert room.code() == ""


def test_an_order_that_would_meet_our_own_is_refused_whoever_sent_it():
    room = ControlRoom()
    name = room.place(side=Side.SELL, price=1000_10, strategy_id="maker")
    refusal = room.refusal(price=1000_10)
    assert (refusal.code, refusal.limit) == ("SELF_TRADE", "1000.1")
    assert name in refusal.message
    assert room.code(type=OrderType.MARKET) == "SELF_TRADE"
    assert room.code(price=1000_00) == ""
    room.report(ReportType.CANCELLED, name)
    assert room.code(price=1000_10) == ""


def test_orders_may_meet_our_own_where_that_is_asked_for():
    room = ControlRoom(self_trade=True)
    room.place(side=Side.SELL, price=1000_10, strategy_id="maker")
    assert room.code(price=1000_10) == ""


def test_what_is_restricted_may_be_closed_and_not_opened():
    room = ControlRoom()
    room.hold(300)
    room.gate.change(
        msgspec.structs.replace(room.gate.limits, controls=ControlSettings(restricted=("BTCUSDT.BINANCE",)))
    )
    assert room.code() == "RESTRICTED"
    assert room.code(side=Side.SELL, quantity=305) == "RESTRICTED"
    assert room.code(side=Side.SELL, quantity=300) == ""
    assert room.code(side=Side.SELL, quantity=10) == "RESTRICTED", "all that is held is being sold already"


def test_no_more_is_sold_short_than_was_located():
    room = ControlRoom(locates={"BTCUSDT.BINANCE": "0.02"})
    room.hold(100)
    assert room.code(side=Side.SELL, quantity=300) == ""
    refusal = room.refusal(side=Side.SELL, quantity=10)
    assert (refusal.code, refusal.limit, refusal.figure) == ("LOCATE", "0.02", "0.021")


def test_a_scope_that_may_not_sell_short_sells_what_it_holds():
    room = ControlRoom(**limited("strategy:ema", no_short=True))
    room.hold(100)
    assert room.code(side=Side.SELL, quantity=105) == "SHORT_SALE"
    assert room.code(side=Side.SELL, quantity=100) == ""
    assert room.code(side=Side.SELL, quantity=100, strategy_id="other") == ""


def test_a_strategy_trades_what_it_is_permitted_with_the_orders_that_it_is_permitted():
    room = ControlRoom(**limited("strategy:ema", instruments=("ETHUSDT.KRAKEN",), order_types=(OrderType.LIMIT,)))
    assert room.code() == "NOT_PERMITTED"
    assert room.code(instrument=SPOT) == ""
    assert room.code(instrument=SPOT, type=OrderType.MARKET) == "ORDER_TYPE"
    assert room.code(strategy_id="other") == ""


def test_an_order_takes_no_more_than_its_share_of_what_the_book_shows():
    room = ControlRoom(**limited(max_depth_share="0.1"))
    assert room.code(quantity=100, price=1000_10) == ""
    room = ControlRoom(**limited(max_depth_share="0.1"))
    refusal = room.refusal(quantity=105, price=1000_10)
    assert (refusal.code, refusal.limit, refusal.figure) == ("DEPTH_SHARE", "0.1", "0.105")
    assert room.code(quantity=1000, price=1000_00) == "", "it rests, and takes nothing"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"limits": {"planet:mars": ScopeLimits()}}, "expected all, or one of account, venue"),
        ({"limits": {"group:tech": ScopeLimits()}}, "expected a name in risk.controls.groups: none there"),
        ({"limits": {"venue:X": ScopeLimits(min_cash=1)}}, "risk.limits.venue:X.min_cash: expected to stand in"),
        ({"locates": {"X.Y": -1}}, "expected a number, 0 or more, found -1"),
    ],
)
def test_a_setting_that_cannot_be_meant_says_what_was_expected(given, expected):
    with pytest.raises(LimitsError, match=expected):
        ControlSettings(**given)


@pytest.mark.parametrize("value", [-1, "x", True])
def test_a_limit_that_is_no_number_is_refused(value):
    with pytest.raises(LimitsError, match="a number, 0 or more"):
        ScopeLimits(max_gross_notional=value)
    if value != "x":
        with pytest.raises(LimitsError, match="a whole number"):
            ScopeLimits(max_open_orders=value)


@pytest.mark.parametrize(
    ("scope", "name", "place"),
    [
        ("all", "max_open_orders", r"\[risk\]"),
        ("all", "max_orders_per_minute", r"\[risk\]"),
        ("symbol:BTCUSDT.BINANCE", "max_open_orders", r"\[risk.instruments.BTCUSDT.BINANCE\]"),
    ],
)
def test_a_limit_that_the_gate_itself_has_stands_there_alone(scope, name, place):
    with pytest.raises(LimitsError, match=f"controls.limits.{scope}.{name}: expected it in {place}"):
        RiskLimits(controls=ControlSettings(**limited(scope, **{name: 1})))


def test_a_limit_is_the_same_limit_however_its_number_is_written():
    def version(**given: Any) -> int:
        return limits_version(RiskLimits(controls=ControlSettings(**limited("strategy:ema", **given))))

    assert version(max_gross_notional=10_000) == version(max_gross_notional="10000.0")
    assert version(max_gross_notional=10_000) != version(max_gross_notional="10000.1")
    assert version(max_gross_notional=1) != version(max_net_notional=1)
    written_out = msgspec.json.decode(b'{"base_currency":"USDT"}', type=ControlSettings)
    assert limits_version(RiskLimits(controls=written_out)) == limits_version(RiskLimits(controls=ControlSettings()))


def measured(room, **figures):
    portfolio = room.portfolio
    portfolio.as_of_ns, portfolio.base_currency = room.now_ns, "USDT"
    for name, value in figures.items():
        setattr(portfolio, name, value)


TAILS = {
    "max_var_99": "var_99",
    "max_es_99": "es_99",
    "max_stress_loss": "stress_worst",
    "max_unmeasured": "unmeasured",
}


@pytest.mark.parametrize("name", TAILS)
def test_beyond_a_limit_of_the_portfolio_nothing_is_opened_and_all_may_be_closed(name):
    room = ControlRoom(self_trade=True)
    room.hold(100)
    set_limit(room, "all", **{name: 50})
    measured(room, **{TAILS[name]: money("50")})
    assert room.code() == ""
    measured(room, **{TAILS[name]: money("50") + 1})
    refusal = room.refusal(quantity=105)
    code = name.removeprefix("max_").upper()
    assert (refusal.code, refusal.limit, refusal.figure) == (code, "50", "50.000000000000000001")
    assert room.code(side=Side.SELL) == ""


def test_figures_of_the_portfolio_that_nobody_measures_open_nothing():
    room = ControlRoom(self_trade=True, **limited(max_var_99=50, max_portfolio_age_s=10))
    assert "was not measured yet" in room.refusal().message
    measured(room)
    assert room.code() == ""
    room.wait(10 * SECOND_NS)
    assert room.code(quantity=105) == ""
    room.wait(1)
    refusal = room.refusal(quantity=110)
    assert (refusal.code, refusal.limit, refusal.figure) == ("PORTFOLIO_STALE", "10", "10.000000001")
    assert room.code(side=Side.SELL) == "PORTFOLIO_STALE", "nothing is held yet that it could close"
    measured(room, base_currency="EUR")
    assert "of EUR, the limits of USDT" in room.refusal(quantity=115).message


def moved(room, seconds, step):
    """Let the market move up and down by a share, a second each, 0.5 BTC traded in each."""
    for number in range(seconds):
        middle = 1000_00 + (step if number % 2 else 0)
        room.wait(SECOND_NS)
        room.quote(PERP, middle - 5, middle + 5)
        room.markets[PERP].volume += 5_000
        room.gate.controls.look(room.now_ns)


def volatility_ppm(room: ControlRoom) -> int:
    assert room.gate.controls is not None
    return room.gate.controls.observed(PERP).volatility_ppm


def test_an_order_is_no_more_than_its_share_of_what_was_traded_in_the_last_minute():
    room = ControlRoom(**limited(max_volume_share="0.001"))
    assert "nothing of BTCUSDT.BINANCE was traded" in room.refusal().message
    moved(room, 90, 0)  # 60 steps of 5000 units are in the minute
    assert room.code(quantity=300) == ""
    refusal = room.refusal(quantity=305)
    assert (refusal.code, refusal.limit, refusal.figure) == ("VOLUME_SHARE", "0.001", "0.001017")


def test_a_price_is_no_further_away_than_the_market_moves():
    room = ControlRoom(**limited(max_price_volatilities=2))
    assert room.code(price=990_00) == "", "until it is known how far the market moves the plain collar holds"
    moved(room, 61, 10)
    ppm = volatility_ppm(room)
    expected = statistics.fmean([(10 / 1000_00) ** 2, (10 / 1000_10) ** 2]) ** 0.5 * 60**0.5 * 1e6
    assert ppm == pytest.approx(expected, abs=1.0)
    reach = 1000_00 * 2 * ppm / 1e6  # 77 cents or so
    assert room.code(price=1000_00 - int(reach / 10) * 10, quantity=105) == ""
    refusal = room.refusal(price=1000_00 - (int(reach / 10) + 1) * 10, quantity=105)
    assert (refusal.code, refusal.limit) == ("PRICE_VOLATILITY", "2")
    assert float(refusal.figure) > 2


def test_a_market_order_is_as_far_away_as_the_other_side_of_the_market():
    room = ControlRoom(self_trade=True, **limited(max_price_volatilities=2))
    moved(room, 61, 10)
    reach = int(1000_00 * 2 * volatility_ppm(room) / 1e6)
    market = room.markets[PERP]
    for spread, code in ((reach - 2, ""), (reach + 2, "PRICE_VOLATILITY")):
        market.bid_price, market.ask_price = 1000_00 - spread, 1000_00 + spread
        for side in (Side.BUY, Side.SELL):
            assert room.code(type=OrderType.MARKET, side=side, quantity=105) == code, (spread, side)


def test_a_market_of_whom_little_was_seen_has_no_volatility():
    room = ControlRoom(**limited(max_price_volatilities=2))
    moved(room, 19, 10)  # the first second was looked at before
    assert volatility_ppm(room) == 0
    moved(room, 1, 10)
    assert volatility_ppm(room) > 0
