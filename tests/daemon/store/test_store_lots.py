"""Tax lots in the store are what the order manager last said of each; inverse contracts are worth what they are."""

from core.effects import LotChanged, OrderFilled, PositionChanged
from core.money import money_text
from core.orders import Side
from core.records import Kind
from daemon.store.equity import equity_rows
from daemon.store.kinds import HANDLERS, Record
from daemon.store.known import Known, Traded
from daemon.store.rows import TABLES, Rows
from oms.rules import AccountingRules, LotMethod
from tests.oms.making import BTC, SPOT, Desk
from tests.oms.test_books import COIN, INVERSE, world

KINDS: dict[type, Kind] = {LotChanged: Kind.LOT, PositionChanged: Kind.POSITION, OrderFilled: Kind.FILL}


def projected(known, effects, table):
    """The rows of a table that effects make, by column."""
    rows = Rows()
    for seq, effect in enumerate(effects):
        if type(effect) in KINDS:
            HANDLERS[KINDS[type(effect)]](known, Record(seq, effect.instrument, 1_000 + seq, 0), effect, rows)
    return [dict(zip(TABLES[table].columns, row, strict=True)) for row in rows.by_table[table]]


def test_a_lot_is_shown_with_what_was_opened_what_is_open_and_what_it_has_realised():
    desk = Desk(rules=AccountingRules(lots=LotMethod.LIFO))
    effects = []
    for name, side, quantity, price in (("a", Side.BUY, 100, 60_000_00), ("b", Side.SELL, 40, 61_000_00)):
        desk.submit(name, side=side, quantity=quantity)
        desk.fill("x" + name, quantity, price, name)
        effects += desk.effects
    opened, closed = projected(Known(instruments={BTC: Traded(BTC, SPOT)}), effects, "lots")
    assert (opened["lot_id"], opened["method"], opened["side"]) == ("s/BTCUSDT.BINANCE/1", "lifo", "buy")
    assert (opened["price"], opened["quantity"], opened["open_quantity"]) == ("60000", "0.001", "0.001")
    assert (closed["lot_id"], closed["quantity"], closed["open_quantity"]) == (opened["lot_id"], "0.001", "0.0006")
    assert (closed["price"], closed["realised"], closed["currency"]) == ("60000", "0.4", "USDT")
    assert closed["opened_ns"] == opened["opened_ns"]


def test_an_inverse_contract_has_its_value_in_the_coin_and_its_harmonic_mean():
    desk, effects = world(), []
    for name, price in (("a", 400_000), ("b", 600_000)):
        desk.submit(name, instrument=COIN, quantity=10, price=price)
        desk.fill("x" + name, 10, price, name)
        effects += desk.effects
    known = Known(instruments={COIN: Traded(COIN, INVERSE)})
    assert [row["notional"] for row in projected(known, effects, "fills")] == ["0.025", "0.016666666666666666"]
    assert projected(known, effects, "positions")[-1]["average_price"] == "48000"
    traded = known.instruments[COIN]
    traded.bid = traded.ask = 500_000
    [(_, currency, _, positions, *_)] = equity_rows(known, 5)
    expected = desk.manager.position(COIN).unrealised(500_000)
    assert (currency, positions) == ("BTC", money_text(expected))
