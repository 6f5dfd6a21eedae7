"""Lots, conversions and corporate actions are exported in units that people read, and told from each other by kind."""

from core.codec import decode_payload, encode_payload
from core.effects import ConversionUsed, LotChange, LotChanged, ParentProgress
from core.events import CorporateAction, CorporateKind
from core.orders import Side
from core.records import Kind
from journal.rows import Definitions, PayloadRow
from journal.tables import TABLES, Form
from tests.bench.market import BTC


def forms(name):
    return {field.name: field.form for field in TABLES[name].fields}


def test_a_lots_quantities_are_those_of_its_instrument_and_its_money_is_money():
    shown = forms("lots")
    assert {shown[name] for name in ("quantity", "left", "size")} == {Form.QUANTITY}
    assert {shown[name] for name in ("cost", "fees", "proceeds", "realised", "gained")} == {Form.MONEY}
    assert (shown["number"], shown["side"], shown["change"]) == (Form.INT, Form.SIDE, Form.TEXT)


def test_a_conversion_shows_both_amounts_as_money_and_its_rate_as_a_fraction():
    shown = forms("conversions")
    assert (shown["amount"], shown["value"]) == (Form.MONEY, Form.MONEY)
    assert (shown["numerator"], shown["denominator"], shown["path"]) == (Form.TEXT,) * 3
    assert forms("corporate-actions")["cash_price"] is Form.PRICE


def test_a_parents_progress_is_told_in_decimals():
    definitions = Definitions()
    definitions.define(0, BTC)
    progress = ParentProgress(
        parent="p",
        strategy_id="s",
        algorithm="twap",
        instrument=0,
        side=Side.BUY,
        state="working",
        quantity=150_000_000,
        filled=50_000_000,
        children=1,
        started_ns=1,
        arrival_twice=12_000_001,
        notional=str(6_000_000 * 50_000_000),
        market_volume="200000000",
        market_notional=str(6_000_000 * 200_000_000),
        arrival_slippage_ppm=3,
        vwap_slippage_ppm=0,
        mid_slippage_ppm=0,
        participation_ppm=250_000,
    )
    names = [field.name for field in TABLES["parents"].fields]
    row = PayloadRow(TABLES["parents"]).row(1, 2, 0, 0, progress, definitions)
    shown = dict(zip(names, row[4:], strict=True))
    assert (shown["quantity"], shown["filled"], shown["market_volume"]) == ("1.5", "0.5", "2")
    assert (shown["notional"], shown["market_notional"], shown["arrival_mid"]) == ("30000", "120000", "60000.005")


def test_each_survives_the_codec():
    lot = LotChanged(
        instrument=1,
        strategy_id="s",
        number=3,
        change=LotChange.CLOSED,
        side=Side.SELL,
        quantity=5,
        left=2,
        cost=str(10**30),
        fees="-1",
        opened_by="x",
        opened_ns=7,
        exec_id="y",
    )
    used = ConversionUsed(
        instrument=1,
        strategy_id="s",
        reason="fee",
        reference="x",
        source="BNB",
        target="USDT",
        amount="1",
        value="600",
        numerator="600",
        denominator="1",
        path="BNBUSDT.BINANCE",
        priced_ns=1,
        hedge=Side.BUY,
    )
    split = CorporateAction(venue="NYSE", action_id="c", kind=CorporateKind.SPLIT, numerator=4)
    for kind, payload in ((Kind.LOT, lot), (Kind.CONVERSION, used), (Kind.CORPORATE, split)):
        assert decode_payload(kind, encode_payload(payload)) == payload
