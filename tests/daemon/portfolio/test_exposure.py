"""Exposure and profit at this moment, exact, from the books."""

import msgspec

from core.events import InstrumentDefined
from core.instruments import AssetClass
from core.orders import ApprovedSubmit
from core.records import Kind
from daemon.exposure import exposure_status
from daemon.metrics_portfolio import exposure_metrics
from strategies import Strategy
from tests.engine.scenario import BTC, LOT, Stage, only


class Buyer(Strategy):
    """Buys 0.01 BTC at 100 once it starts."""

    def on_start(self):
        self.buy(self.markets[0], LOT, 100_00)


def exposure(stage: Stage, base: str = ""):
    return exposure_status(stage.engine.manager, stage.engine.markets, base)


def test_spot_that_is_held_is_exposure_and_its_rise_is_profit():
    stage = Stage(Buyer)
    [order] = only(stage.open(), ApprovedSubmit)
    assert exposure(stage).gross == "0"
    stage.fill(order.intent.client_order_id, LOT, 100_00)
    stage.quote(109_99, 110_01)

    found = exposure(stage)

    assert (found.base_currency, found.gross, found.net, found.short) == ("USDT", "1.1", "1.1", "0")
    assert (found.by_name, found.unpriced, found.profit) == ({"BTC": "1.1"}, [], "0.1")
    samples = {each.name: each.samples[0].value for each in exposure_metrics(found)}
    assert (samples["tickerd_profit"], samples["tickerd_exposure_gross"]) == (0.1, 1.1)


def test_contracts_are_held_at_their_mark_inverse_ones_at_their_face_and_both_sides_count():
    stage = Stage()
    contract = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    inverse = msgspec.structs.replace(contract, symbol="BTCUSD_PERP", inverse=True, settlement="USDT")
    for index, each in enumerate((contract, inverse)):
        stage.payload(Kind.INSTRUMENT, InstrumentDefined(each), index)
    stage.quote(99_99, 100_01)
    stage.engine.manager.position(0).quantity = -LOT
    stage.engine.manager.position(1).quantity = 3 * LOT

    found = exposure(stage)

    assert (found.long, found.short, found.gross, found.net) == ("0.03", "1", "1.03", "-0.97")
    assert list(found.by_name) == ["BTCUSDT.BINANCE", "BTCUSD_PERP.BINANCE"]


def test_what_nothing_prices_is_named_and_without_a_currency_to_count_in_there_is_none():
    stage = Stage()
    contract = msgspec.structs.replace(BTC, asset_class=AssetClass.PERPETUAL)
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(contract), 0)
    stage.engine.manager.position(0).quantity = LOT

    assert exposure(stage).unpriced == ["BTCUSDT.BINANCE"]
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(msgspec.structs.replace(BTC, symbol="B", quote="EUR")), 1)
    assert exposure(stage) is None
    assert exposure(stage, "EUR").base_currency == "EUR"
