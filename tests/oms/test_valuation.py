"""Rates, fees in third currencies, equity and profit in one currency, dust: every rate named, nothing guessed."""

import msgspec

from core.effects import Alert, ConversionUsed, Effect
from core.events import AccountMoved, AccountTraded
from core.instruments import AssetClass, Instrument
from core.market import Market
from core.money import money
from core.orders import Side
from oms.dust import dust_of, dusts
from oms.rates import ONE, Rates
from oms.rules import AccountingRules
from oms.valuation import equity_in, profit_in
from tests.oms.making import BTC, ETH, PERPETUAL, SPOT, Desk


def spot(base, quote, precision=2):
    return Instrument(
        symbol=base + quote,
        venue="BINANCE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base=base,
        quote=quote,
        price_precision=precision,
        size_precision=5,
        tick=1,
        lot=1,
    )


BNBBTC, BNBUSDT, EURUSDT = spot("BNB", "BTC", 6), spot("BNB", "USDT"), spot("EUR", "USDT", 4)


def with_markets(desk, *more, quotes):
    """Give a desk the markets of its instruments and of `more`; `quotes` are (bid, ask) by index."""
    for index, instrument in enumerate(more, start=2):
        desk.manager.define(index, instrument)
    markets = [Market(index, instrument) for index, instrument in enumerate((SPOT, PERPETUAL, *more))]
    for index, (bid, ask) in quotes.items():
        markets[index].connected = True
        markets[index].bid_price, markets[index].ask_price, markets[index].quote_ns = bid, ask, 1_000 + index
    desk.manager.books.rates.markets = markets
    return desk


def buys(desk, fee="0.001", currency="BNB", name="o1"):
    desk.submit(name, instrument=BTC, quantity=100, price=60_000_00)
    desk.fill("x" + name, 100, 60_000_00, name, fee=str(money(fee)), fee_currency=currency)


CONVERTING = AccountingRules(base_currency="USDT")


def test_a_fee_in_a_third_currency_counts_at_the_rate_that_is_told_with_its_source():
    desk = with_markets(Desk(rules=CONVERTING), BNBUSDT, quotes={2: (600_00, 600_02)})
    buys(desk)
    used = desk.effect(ConversionUsed)
    assert (used.source, used.target, used.path, used.priced_ns) == ("BNB", "USDT", "BNBUSDT.BINANCE", 1_002)
    assert used.value == str(money("0.60001"))
    assert int(used.value) * int(used.denominator) == int(used.amount) * int(used.numerator)
    assert desk.manager.position(BTC).fees == desk.manager.strategy_position("s", BTC).fees == money("0.60001")
    assert desk.manager.balances()["BNB"] == -money("0.001")


def test_a_rate_goes_through_two_markets_where_none_is_direct():
    desk = with_markets(Desk(rules=CONVERTING), BNBBTC, quotes={0: (60_000_00, 60_000_00), 2: (10_000, 10_000)})
    buys(desk)
    used = desk.effect(ConversionUsed)
    assert (used.path, used.value) == ("BNBBTC.BINANCE BTCUSDT.BINANCE", str(money("0.6")))


def test_an_unknown_rate_is_an_alert_and_never_a_guess():
    desk = with_markets(Desk(rules=CONVERTING), BNBUSDT, quotes={})
    buys(desk)
    assert desk.effect(Alert).code == "NO_RATE"
    assert desk.manager.position(BTC).fees == 0


def test_without_a_base_currency_third_currencies_stay_in_the_balances_as_ever():
    desk = with_markets(Desk(), BNBUSDT, quotes={2: (600_00, 600_02)})
    buys(desk)
    assert "ConversionUsed" not in desk.kinds()
    assert desk.manager.position(BTC).fees == 0


def test_a_rate_works_both_ways_and_needs_both_sides_of_a_connected_market():
    market = Market(0, EURUSDT)
    rates = Rates([market])
    rates.define(0, EURUSDT)
    rates.define(0, EURUSDT)
    assert rates.find("EUR", "EUR") == ONE
    assert rates.find("EUR", "USDT") is None
    market.connected, market.bid_price, market.ask_price, market.quote_ns = True, 1_0800, 1_0802, 5
    there, back = rates.find("EUR", "USDT"), rates.find("USDT", "EUR")
    assert there is not None
    assert back is not None
    assert (there.numerator, there.denominator) == (back.denominator, back.numerator) == (2_1602, 2_0000)
    assert back.path == "1/EURUSDT.BINANCE"
    assert rates.find("EUR", "USD") is None
    market.ask_price = 0
    assert rates.find("EUR", "USDT") is None


def test_equity_in_one_currency_lists_the_rate_of_each_amount_and_names_what_has_none():
    desk = with_markets(
        Desk("1000"), EURUSDT, quotes={0: (60_000_00, 60_000_00), 1: (2_000_0, 2_000_0), 2: (1_0800, 1_0800)}
    )
    buys(desk, fee="0.5", currency="XYZ")
    desk.submit("eth", instrument=ETH, quantity=1_000, price=19_000)
    desk.fill("xeth", 1_000, 19_000, "eth")
    loan = AccountMoved(venue="V", move_id="l", currency="USDT", amount=str(money("100")), reason="borrow")
    desk.manager.account_event(loan, 0xFFFF, [])
    worth = equity_in("EUR", desk.manager)
    parts = {part.currency: part for part in worth.parts}
    assert parts["USDT"].amount == money("1000") - money("60") + money("100")  # cash less the loan, ETH's open profit
    assert parts["BTC"].rate is not None
    assert parts["BTC"].rate.path == "BTCUSDT.BINANCE 1/EURUSDT.BINANCE"
    assert parts["XYZ"].value is None
    assert worth.unknown == ("XYZ",)
    assert not worth.complete
    assert worth.total == sum(part.value or 0 for part in worth.parts)
    assert parts["USDT"].value == money("1040") * 10_000 // 10_800


def test_profit_in_one_currency_counts_spot_positions_and_names_what_has_no_mark():
    desk = with_markets(Desk("1000"), quotes={0: (61_000_00, 61_000_00)})
    buys(desk, fee="0.06", currency="USDT")
    desk.submit("eth", instrument=ETH, quantity=1_000, price=19_000)
    desk.fill("xeth", 1_000, 19_000, "eth")
    earned = profit_in("USDT", desk.manager)
    assert earned.total == money("1") - money("0.06")
    assert earned.unmarked == ("ETHUSDT.BINANCEUSDM",)


RULES = msgspec.structs.replace(SPOT, lot=10, min_quantity=50, min_notional=money("10"))


def test_dust_is_what_no_order_can_close_and_says_why():
    price = 60_000_00
    assert dust_of(0, RULES, 100, price) is None
    rest = dust_of(0, RULES, 1_003, price)
    assert rest is not None
    assert (rest.quantity, rest.value, "multiples of 0.0001" in rest.why) == (3, money("1.8"), True)
    small = dust_of(0, RULES, -43, price)
    assert small is not None
    assert (small.quantity, "smallest order is 0.0005" in small.why) == (-43, True)
    cheap = dust_of(0, RULES, 60, 10_000_00)
    assert cheap is not None
    assert (cheap.quantity, "worth 10 USDT" in cheap.why) == (60, True)
    assert dust_of(0, RULES, 60, 0) is None  # whole, and no price says that it is worth too little


def test_dust_left_by_a_fee_is_swept_by_the_venue_and_the_books_still_balance():
    desk = with_markets(Desk("1000"), quotes={0: (60_000_00, 60_000_00)})
    desk.manager.define(BTC, RULES)
    desk.manager.books.rates.markets[0].instrument = RULES
    desk.submit(quantity=43)
    desk.fill("x", 43, 60_000_00)
    [dust] = dusts(desk.manager)
    effects: list[Effect] = []
    sweep = AccountTraded(
        venue="BINANCE",
        order_id="dust-1",
        exec_id="dust-1",
        side=Side.SELL,
        price=59_000_00,
        quantity=dust.quantity,
        reason="sweep",
    )
    desk.manager.account_event(sweep, BTC, effects)
    paid = money("0.00043") * 59_000
    for number, (currency, amount) in enumerate((("USDT", -paid), ("BNB", money("0.04")))):
        move = AccountMoved(
            venue="BINANCE", move_id=f"c{number}", currency=currency, amount=str(amount), reason="convert"
        )
        desk.manager.account_event(move, 0xFFFF, effects)
    assert [effect.code for effect in effects if isinstance(effect, Alert)] == ["SWEEP"]
    assert dusts(desk.manager) == []
    assert desk.manager.balances()["BTC"] == 0
    desk.manager.books.ledger.books.check()
