"""Double entry: whatever happens to an account, every currency sums to zero, and a wrong posting stops the program."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import Effect
from core.errors import InvariantError
from core.events import AccountMoved, AccountTraded, CorporateAction, CorporateKind, ReportType
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import OrderTerms, Side
from oms import execution
from oms.books import CASH, MARKET, Books
from oms.ledger import Ledger
from oms.rules import AccountingRules, LotMethod
from tests.oms.making import BTC, ETH, Desk

INVERSE = Instrument(
    symbol="BTCUSD_PERP",
    venue="BINANCECOINM",
    asset_class=AssetClass.PERPETUAL,
    base="BTC",
    quote="USD",
    price_precision=1,
    size_precision=0,
    tick=1,
    lot=1,
    multiplier=100,
    inverse=True,
)
SHARE = Instrument(
    symbol="AAPL",
    venue="NYSE",
    asset_class=AssetClass.EQUITY,
    base="AAPL",
    quote="USD",
    price_precision=2,
    size_precision=2,
    tick=1,
    lot=1,
)
COIN, AAPL = 2, 3
EVERY = (BTC, ETH, COIN, AAPL)
FEES = ("USDT", "BTC", "BNB", "", "AAPL")
REASONS = ("funding", "borrow", "repay", "interest", "transfer", "sweep", "something new")

fills = st.tuples(
    st.just("fill"),
    st.sampled_from(EVERY),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.integers(1, 500),
    st.integers(1, 10**6),
    st.integers(-(10**16), 10**17),
    st.sampled_from(FEES),
    st.sampled_from(["s", "t"]),
)
moves = st.tuples(
    st.just("move"),
    st.sampled_from([*EVERY, 0xFFFF]),
    st.sampled_from(REASONS),
    st.sampled_from(["USDT", "BTC", "ETH"]),
    st.integers(-(10**20), 10**20),
)
trades = st.tuples(
    st.just("trade"),
    st.sampled_from(EVERY),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.integers(1, 500),
    st.integers(1, 10**6),
)
splits = st.tuples(st.just("split"), st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**5))
dividends = st.tuples(st.just("dividend"), st.integers(0, 10**18))
busts = st.tuples(st.just("bust"), st.integers(0, 20))
streams = st.lists(st.one_of(fills, fills, moves, trades, splits, dividends, busts), max_size=25)


def world(rules=None):
    desk = Desk(rules=rules)
    desk.manager.define(COIN, INVERSE)
    desk.manager.define(AAPL, SHARE)
    return desk


def happens(desk, number, event, booked, *, hedging=False):
    """Let one event of a stream happen."""
    kind, *what = event
    effects: list[Effect] = []
    if kind == "fill":
        index, side, quantity, price, fee, currency, strategy_id = what
        name = f"o{number}"
        terms = OrderTerms(hedge=Side.BUY if number % 2 else Side.SELL) if hedging and index in (ETH, COIN) else None
        desk.submit(name, instrument=index, side=side, quantity=quantity, strategy_id=strategy_id, terms=terms)
        desk.fill(f"x{number}", quantity, price, name, fee=str(fee), fee_currency=currency)
        booked.append((name, f"x{number}"))
    elif kind == "bust" and booked:
        name, exec_id = booked.pop(what[0] % len(booked))
        desk.report(ReportType.BUSTED, name, exec_id=exec_id)
    elif kind == "move":
        index, reason, currency, amount = what
        move = AccountMoved(venue="V", move_id=f"m{number}", currency=currency, amount=str(amount), reason=reason)
        desk.manager.account_event(move, index, effects, number)
    elif kind == "trade":
        index, side, quantity, price = what
        hedge = Side.BUY if hedging and index in (ETH, COIN) else None
        trade = AccountTraded(
            venue="V", order_id="auto", exec_id=f"a{number}", side=side, price=price, quantity=quantity, hedge=hedge
        )
        desk.manager.account_event(trade, index, effects, number)
    elif kind == "split":
        numerator, denominator, cash = what
        action = CorporateAction(
            venue="V",
            action_id=f"c{number}",
            kind=CorporateKind.SPLIT,
            numerator=numerator,
            denominator=denominator,
            cash_price=cash,
        )
        desk.manager.account_event(action, AAPL, effects, number)
    elif kind == "dividend":
        action = CorporateAction(
            venue="V", action_id=f"c{number}", kind=CorporateKind.DIVIDEND, amount=str(what[0]), currency="USD"
        )
        desk.manager.account_event(action, AAPL, effects, number)


@pytest.mark.parametrize("method", list(LotMethod))
@settings(max_examples=40)
@given(streams)
def test_the_books_balance_after_every_event(method, stream):
    desk = world(AccountingRules(lots=method))
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked)
        desk.manager.books.ledger.books.check()
    books = desk.manager.books.ledger.books
    cash = {line.currency: line.amount for line in books.lines() if line.account == "cash"}
    assert cash == {currency: amount for currency, amount in desk.manager.balances().items() if amount}


@settings(max_examples=40)
@given(streams)
def test_the_account_is_the_sum_of_its_strategies_and_lots_are_the_positions_of_their_strategies(stream):
    desk = world(AccountingRules(lots=LotMethod.FIFO))
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked)
    for index in EVERY:
        holding = desk.manager._holdings[index]
        assert sum(own.quantity for own in holding.own.values()) == holding.net.quantity
        for strategy_id, own in holding.own.items():
            assert desk.manager.books.lots.queue(index, strategy_id).quantity == own.quantity


@settings(max_examples=40)
@given(streams)
def test_in_hedge_mode_the_net_position_is_the_sum_of_its_legs(stream):
    desk = world(AccountingRules(hedging=True))
    booked: list[tuple[str, str]] = []
    for number, event in enumerate(stream):
        happens(desk, number, event, booked, hedging=True)
        desk.manager.books.ledger.books.check()
    for index in (ETH, COIN):
        holding = desk.manager._holdings[index]
        for name in ("quantity", "cost", "realised"):
            assert sum(getattr(leg.net, name) for leg in holding.legs.values()) == getattr(holding.net, name)


@settings(max_examples=40)
@given(streams)
def test_cash_is_what_a_ledger_of_fractions_says(stream):
    desk, cash = world(), {"USDT": Fraction(100_000)}
    for number, event in enumerate(stream):
        if event[0] != "fill" or event[1] not in (BTC, AAPL):
            continue
        happens(desk, number, event, [])
        _, index, side, quantity, price, fee, currency, _ = event
        base, quote, sizes, prices = ("BTC", "USDT", 10**5, 100) if index == BTC else ("AAPL", "USD", 100, 100)
        flows = [
            (base, Fraction(int(side) * quantity, sizes)),
            (quote, -Fraction(int(side) * quantity * price, sizes * prices)),
            (currency or quote, -Fraction(fee, 10**18)),
        ]
        for where, amount in flows:
            cash[where] = cash.get(where, Fraction(0)) + amount
    found = {currency: Fraction(amount, 10**18) for currency, amount in desk.manager.balances().items() if amount}
    assert found == {currency: amount for currency, amount in cash.items() if amount}


def test_a_loan_is_cash_that_is_owed_until_it_is_paid_back():
    desk = world()
    happens(desk, 1, ("move", 0xFFFF, "borrow", "USDT", money("500")), [])
    assert desk.manager.balances()["USDT"] == money("100500")
    assert desk.manager.books.ledger.books.loan("USDT") == money("500")
    happens(desk, 2, ("move", 0xFFFF, "interest", "USDT", money("-1")), [])
    happens(desk, 3, ("move", 0xFFFF, "repay", "USDT", money("-500")), [])
    assert desk.manager.balances()["USDT"] == money("99999")
    assert desk.manager.books.ledger.books.liabilities() == {}


def test_a_trial_balance_names_who_received_what():
    desk = world()
    desk.submit(quantity=100)
    desk.fill("x", 100, 60_000_00, fee=str(money("0.06")), fee_currency="USDT")
    happens(desk, 1, ("move", 0xFFFF, "transfer", "USDT", money("10")), [])
    lines = {(line.currency, line.account): line.amount for line in desk.manager.books.ledger.books.lines()}
    assert lines == {
        ("BTC", "cash"): money("0.001"),
        ("BTC", "market"): -money("0.001"),
        ("USDT", "cash"): money("99949.94"),
        ("USDT", "market"): money("60"),
        ("USDT", "fees"): money("0.06"),
        ("USDT", "transfers"): -money("10"),
        ("USDT", "opening"): -money("100000"),
    }


def test_a_posting_without_its_other_side_stops_the_program_with_the_facts(monkeypatch):
    desk = world()
    desk.submit(quantity=100)
    monkeypatch.setattr(Ledger, "add", lambda self, currency, delta, reason, effects: None)
    with pytest.raises(InvariantError, match=r"books of BTC do not balance .* market -1000000000000000"):
        desk.fill("x", 100, 60_000_00)


def test_a_position_that_misses_an_execution_stops_the_program(monkeypatch):
    desk = world()
    desk.submit(quantity=100)
    monkeypatch.setattr(execution, "apply_fill", lambda held, cost, side, quantity, price: (held, cost, 0))
    with pytest.raises(InvariantError, match="missed"):
        desk.fill("x", 100, 60_000_00)


def test_a_row_that_was_tampered_with_is_found_by_the_count():
    books = Books({"USDT": 5})
    books.check()
    books.row("USDT")[MARKET] += 1
    books.row("USDT")[CASH] += 1
    with pytest.raises(InvariantError, match="cash 6, market 1"):
        books.check()
