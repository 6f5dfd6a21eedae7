"""What the documents' own frames become; and that no frame whatever is lost or raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.binance.settings import Market
from connectors.binance.trading.credentials import Credentials
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from core.events import AccountMoved, AccountTraded, LinkChanged, OrderReport, RawReceived, ReportType
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import ApprovedSubmit, Liquidity, OrderIntent, OrderType, Side
from core.records import NO_INSTRUMENT, Event

NAME = "t0000039u000001"
SPOT = Instrument(
    symbol="ETHBTC", venue="BINANCE", asset_class=AssetClass.CRYPTO_SPOT, base="ETH", quote="BTC",
    price_precision=8, size_precision=8, tick=1, lot=1,
)  # fmt: skip
PERP = Instrument(
    symbol="BTCUSDT", venue="BINANCE", asset_class=AssetClass.PERPETUAL, base="BTC", quote="USDT",
    price_precision=2, size_precision=3, tick=1, lot=1,
)  # fmt: skip
# binance-spot-api-docs, user-data-stream.md, "Order Update".
EXECUTION_REPORT = {
    "e": "executionReport", "E": 1499405658658, "s": "ETHBTC", "c": NAME, "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "1.00000000", "p": "0.10264410", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW",
    "X": "NEW", "r": "NONE", "i": 4293153, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0",
    "N": None, "T": 1499405658657, "t": -1, "I": 8641984, "w": True, "m": False, "M": False, "O": 1499405658657,
    "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "W": 1499405658657, "V": "NONE",
}  # fmt: skip
# developers.binance.com, USDⓈ-M, "Event: Order Update".
ORDER: dict[str, object] = {
          "s": "BTCUSDT", "c": NAME, "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.001", "p": "9910", "ap": "0",
          "sp": "0", "x": "NEW", "X": "NEW", "i": 8886774, "l": "0", "z": "0", "L": "0", "N": "USDT", "n": "0",
          "T": 1568879465650, "t": 0, "b": "0", "a": "9.91", "m": False, "R": False, "wt": "CONTRACT_PRICE",
          "ot": "LIMIT", "ps": "BOTH", "cp": False, "rp": "0", "pP": False, "si": 0, "ss": 0, "V": "EXPIRE_TAKER",
          "pm": "OPPONENT", "gtd": 0, "er": "0"}  # fmt: skip
ORDER_UPDATE = {"e": "ORDER_TRADE_UPDATE", "E": 1568879465651, "T": 1568879465650, "o": ORDER}


def session(market: Market) -> TradingSession:
    made = TradingSession(TradingSettings(market=market), Credentials("k", hmac_secret="s"))
    made.assign({3: SPOT if market is Market.SPOT else PERP})
    return made


def told(market: Market, *events: object, of: TradingSession | None = None) -> list[Event]:
    """Return what the core hears of events of the private stream."""
    made = of or session(market)
    frames = [json.dumps({"subscriptionId": 0, "event": event} if market is Market.SPOT else event) for event in events]
    made.receive(1, [frame.encode() for frame in frames], 77, private=market is Market.USDM)
    return made.take_events()


def spot(**changes: object) -> list[Event]:
    return told(Market.SPOT, EXECUTION_REPORT | changes)


def usdm(**changes: object) -> list[Event]:
    return told(Market.USDM, ORDER_UPDATE | {"o": ORDER | changes})


def only_report(events: list[Event]) -> OrderReport:
    (event,) = events
    assert event[2] == 3
    assert isinstance(event[5], OrderReport)
    return event[5]


SPOT_CASES = [
    ({}, ReportType.ACCEPTED),
    ({"X": "PENDING_NEW"}, ReportType.ACCEPTED),
    ({"o": "STOP_LOSS_LIMIT", "w": False}, ReportType.ACCEPTED),
    ({"o": "STOP_LOSS_LIMIT", "w": True}, ReportType.TRIGGERED),
    ({"x": "CANCELED", "X": "CANCELED", "c": NAME + "c", "C": NAME}, ReportType.CANCELLED),
    ({"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, ReportType.REJECTED),
    ({"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.5", "L": "0.1", "t": 9}, ReportType.FILLED),
    ({"x": "TRADE", "X": "A_STATUS_OF_TOMORROW", "l": "0.5", "L": "0.1", "t": 9}, ReportType.FILLED),
    ({"x": "EXPIRED", "X": "EXPIRED", "eR": "UNFILLED_IOC_QUANTITY_EXPIRED"}, ReportType.EXPIRED),
    ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, ReportType.EXPIRED),
    ({"x": "REPLACED", "X": "NEW", "q": "0.7", "c": NAME, "C": NAME}, ReportType.REPLACED),
]


@pytest.mark.parametrize(("changes", "kind"), SPOT_CASES)
def test_every_execution_of_spot_is_a_report_under_our_name(changes, kind):
    report = only_report(spot(**changes))
    assert (report.type, report.client_order_id, report.venue_order_id) == (kind, NAME, "4293153")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, ReportType.ACCEPTED),
        ({"x": "CANCELED", "X": "CANCELED"}, ReportType.CANCELLED),
        ({"x": "TRADE", "X": "FILLED", "l": "0.001", "L": "9910", "t": 5}, ReportType.FILLED),
        ({"x": "CALCULATED", "X": "FILLED", "l": "0.001", "L": "9910", "t": 5}, ReportType.FILLED),
        ({"x": "EXPIRED", "X": "EXPIRED_IN_MATCH", "er": "1"}, ReportType.EXPIRED),
        ({"x": "AMENDMENT", "q": "0.002"}, ReportType.REPLACED),
    ],
)
def test_every_execution_of_usdm_is_a_report_under_our_name(changes, kind):
    report = only_report(usdm(**changes))
    assert (report.type, report.client_order_id, report.venue_order_id) == (kind, NAME, "8886774")


def test_a_fill_has_its_figures_exactly():
    report = only_report(
        spot(x="TRADE", X="FILLED", l="0.12345678", L="0.10264410", t=42, n="0.00000123", N="BNB", m=True)
    )
    assert (report.price, report.quantity, report.exec_id) == (10264410, 12345678, "42")
    assert (report.fee, report.fee_currency) == (str(money("0.00000123")), "BNB")
    assert report.liquidity is Liquidity.MAKER


@pytest.mark.parametrize("market", list(Market))
def test_an_execution_or_status_of_no_document_is_kept_and_the_order_is_unknown(market):
    odd = {"x": "TELEPORTED"}
    for changes in (odd, {"X": "NOWHERE"}):
        raw, report = spot(**changes) if market is Market.SPOT else usdm(**changes)
        assert isinstance(raw[5], RawReceived)
        assert isinstance(report[5], OrderReport)
        assert (report[5].type, report[5].client_order_id) == (ReportType.OUTCOME_UNKNOWN, NAME)


def test_an_event_that_cannot_be_read_names_its_order_all_the_same():
    trade = {"x": "TRADE", "l": "1", "L": "1", "t": 1}
    for events in (spot(**trade | {"L": "12,5"}), spot(i="no number"), spot(**trade | {"l": "0.123456789"})):
        assert isinstance(events[0][5], RawReceived)
        assert isinstance(events[1][5], OrderReport)
        assert events[1][5].type is ReportType.OUTCOME_UNKNOWN


def test_orders_of_symbols_that_are_not_traded_here_are_kept_and_nothing_more():
    ((_, _, index, *_, raw, _, _, _, _),) = spot(s="LTCBTC")
    assert index == NO_INSTRUMENT
    assert isinstance(raw, RawReceived)


def test_foreign_orders_keep_their_own_names():
    assert only_report(spot(c="web_123")).client_order_id == "web_123"
    cancelled = only_report(spot(x="CANCELED", X="CANCELED", c="other", C="web_123"))
    assert (cancelled.type, cancelled.client_order_id) == (ReportType.CANCELLED, "web_123")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("autoclose-1568879465651", "liquidation"), ("adl_autoclose", "adl"), ("settlement_autoclose-7", "settlement")],
)
def test_what_the_venue_trades_by_itself_is_told_as_its_own(name, reason):
    assert usdm(c=name) == []
    ((*_, traded, _, _, _, _),) = usdm(c=name, x="CALCULATED", X="FILLED", l="0.001", L="9910", t=5, n="0.1")
    assert isinstance(traded, AccountTraded)
    assert (traded.reason, traded.order_id, traded.side) == (reason, name, Side.SELL)
    assert traded.exec_id == "BTCUSDT:5"  # Binance numbers trades by symbol
    assert (traded.price, traded.quantity, traded.fee) == (991000, 1, str(money("0.1")))
    assert traded.hedge is None


def test_a_liquidation_in_hedge_mode_names_the_position_that_it_was_of():
    word = {"c": "autoclose-1", "x": "CALCULATED", "X": "FILLED", "l": "0.001", "L": "9910", "t": 5}
    ((*_, long, _, _, _, _),) = usdm(**word, ps="LONG")
    ((*_, short, _, _, _, _),) = usdm(**word, ps="SHORT")
    assert isinstance(long, AccountTraded)
    assert isinstance(short, AccountTraded)
    assert (long.hedge, short.hedge) == (Side.BUY, Side.SELL)


def account_update(reason: str, change: str, *symbols: str) -> dict[str, object]:
    return {"e": "ACCOUNT_UPDATE", "E": 1564745798939, "T": 1564745798938, "a": {"m": reason, "B": [
        {"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": change}],
        "P": [{"s": symbol, "pa": "0", "ep": "0.00000"} for symbol in symbols]}}  # fmt: skip


def test_money_that_moves_without_an_order_is_told_once_for_each_move():
    made = session(Market.USDM)
    assert told(Market.USDM, account_update("ORDER", "0", "BTCUSDT"), of=made) == []
    (funding,) = told(Market.USDM, account_update("FUNDING_FEE", "-0.25", "BTCUSDT"), of=made)
    assert funding[2] == 3
    assert isinstance(funding[5], AccountMoved)
    assert (funding[5].reason, funding[5].amount, funding[5].currency) == ("funding", str(money("-0.25")), "USDT")
    (crossed,) = told(Market.USDM, account_update("FUNDING_FEE", "-0.25"), of=made)
    assert crossed[2] == NO_INSTRUMENT
    assert isinstance(crossed[5], AccountMoved)
    assert crossed[5].moved_ns == 1564745798938 * 10**6
    (deposit,) = told(Market.USDM, account_update("DEPOSIT", "50"), of=made)
    assert isinstance(deposit[5], AccountMoved)
    assert (deposit[5].reason, deposit[5].detail) == ("transfer", "DEPOSIT")
    moved = {"e": "balanceUpdate", "E": 1573200697110, "a": "BTC", "d": "-100.00000000", "T": 1573200697068}
    ((*_, withdrawal, _, _, _, _),) = told(Market.SPOT, moved)
    assert isinstance(withdrawal, AccountMoved)
    assert (withdrawal.reason, withdrawal.amount) == ("transfer", str(money("-100")))


def test_a_conditional_order_keeps_its_number_when_it_becomes_an_order_and_is_cancelled_by_the_new_one():
    made = session(Market.USDM)
    algo = {"caid": NAME, "aid": 2148719, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "X": "NEW"}
    intent = OrderIntent(client_order_id=NAME, strategy_id="s", instrument=3, side=Side.SELL, type=OrderType.STOP,
                         quantity=1)  # fmt: skip
    made.on_clock(0, 1)
    made.send(ApprovedSubmit(intent=intent, reference_price=1, limits_version=1), 1)
    update = {"e": "ALGO_UPDATE", "T": 1750515742297, "E": 1750515742303}
    states = [algo, algo | {"X": "TRIGGERING"}, algo | {"X": "TRIGGERED", "ai": "8886774"}]
    reports = [event[5] for state in states for event in told(Market.USDM, update | {"o": state}, of=made)]
    assert [each.type for each in reports if isinstance(each, OrderReport)] == [
        ReportType.ACCEPTED,
        ReportType.TRIGGERED,
    ]
    traded = {"x": "TRADE", "X": "FILLED", "l": "0.001", "L": "9910", "t": 5, "si": 2148719}
    filled = told(Market.USDM, ORDER_UPDATE | {"o": ORDER | traded}, of=made)
    report = only_report(filled)
    assert (report.type, report.client_order_id, report.venue_order_id) == (ReportType.FILLED, NAME, "a2148719")
    assert told(Market.USDM, update | {"o": algo | {"X": "FINISHED"}}, of=made) == []
    rejected = told(Market.USDM, update | {"o": algo | {"X": "REJECTED", "rm": "Margin is insufficient."}}, of=made)
    assert only_report(rejected).reason == "Margin is insufficient."


SILENT = [
    {"e": "outboundAccountPosition", "E": 1, "u": 1, "B": []},
    {"e": "listStatus", "E": 1, "s": "ETHBTC", "g": 2, "c": "OCO", "l": "EXEC_STARTED", "L": "EXECUTING", "O": []},
    {"e": "externalLockUpdate", "E": 1, "a": "NEO", "d": "10.0", "T": 1},
    {"e": "serverShutdown", "E": 1},
    {"e": "eventStreamTerminated", "E": 1},
]


def test_what_needs_no_word_to_the_core_makes_none_and_what_ends_a_connection_says_so():
    made = session(Market.SPOT)
    for event in SILENT[:3]:
        assert told(Market.SPOT, event, of=made) == []
    told(Market.SPOT, SILENT[3], of=made)
    assert made.rotations == [1]
    told(Market.SPOT, SILENT[4], of=made)
    assert [connection for connection, _ in made.dropped] == [1]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.sampled_from(list(Market)), st.dictionaries(st.sampled_from(list("scSqpxXiTlLntN")), anything, max_size=4),
       st.binary(max_size=20), st.integers(0, 400))  # fmt: skip
def test_whatever_comes_is_taken_and_accounted_for(market, changes, junk, cut):
    made = session(market)
    if market is Market.SPOT:
        good: dict[str, object] = {"subscriptionId": 0, "event": EXECUTION_REPORT | changes}
    else:
        good = ORDER_UPDATE | {"o": ORDER | changes}
    frames = [json.dumps(good).encode(), json.dumps(good).encode()[:cut], junk, json.dumps(changes).encode()]
    for frame in frames:
        made.receive(1, [frame], 5, private=market is Market.USDM)
        for event in made.take_events():
            assert isinstance(event[5], OrderReport | RawReceived | AccountTraded | LinkChanged)
