"""Rules that change while we trade stay in the units of the books; what is told of money that moved is read whole."""

import json
from typing import Any

import msgspec
import pytest

from connectors.binance.settings import Market
from connectors.binance.trading.moves import moves
from connectors.binance.trading.replies import Reply, reply_of
from connectors.binance.trading.requests import Target
from connectors.binance.trading.rules import in_units_of, is_of_rules
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT

KNOWN = Instrument(
    symbol="BTCUSDT", venue="BINANCE", asset_class=AssetClass.CRYPTO_SPOT, base="BTC", quote="USDT",
    price_precision=2, size_precision=5, tick=1, lot=1,
)  # fmt: skip
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("precision", "tick", "ours"),
    [(2, 5, 5), (0, 1, 100), (1, 5, 50), (3, 1, 1), (3, 5, 1), (4, 25, 1), (3, 15, 3), (3, 7, 7)],
)
def test_a_new_tick_is_told_in_our_units_and_never_finer_than_the_venues(precision, tick, ours):
    now = msgspec.structs.replace(KNOWN, price_precision=precision, tick=tick)
    assert in_units_of(KNOWN, now).tick == ours
    assert ours * 10**precision % tick == 0


def test_bounds_that_our_units_cannot_hold_are_the_stricter_ones():
    now = msgspec.structs.replace(KNOWN, size_precision=7, lot=1, min_quantity=101, max_quantity=999, tradable=False)
    told = in_units_of(KNOWN, now)
    assert (told.lot, told.min_quantity, told.max_quantity, told.tradable) == (1, 2, 9, False)
    assert (told.price_precision, told.size_precision) == (2, 5)


def test_what_breaks_a_filter_asks_for_the_rules_and_what_lacks_money_does_not():
    assert is_of_rules(-1013)
    assert is_of_rules(-4014)
    assert not is_of_rules(-2010)


def course(market, answers):
    """Let `answers` be the venue; return what came of it."""

    def get(target: Target, params: dict[str, str]) -> Any:
        return (yield target, params)

    asking: Any = moves(market, get, {"BTCUSDT": 0}, 1 * HOUR_MS, 2 * HOUR_MS)
    told: Any = None
    while True:
        try:
            target, params = asking.send(told)
        except StopIteration as end:
            return end.value
        assert (params["startTime"], params["endTime"]) == (str(HOUR_MS), str(2 * HOUR_MS))
        told = answers(target.path, params)


def yes(body) -> Reply:
    return reply_of(Market.SPOT, 200, json.dumps(body).encode())


def income(number, kind, amount="-0.5"):
    return {"symbol": "BTCUSDT", "incomeType": kind, "income": amount, "asset": "USDT", "info": "",
            "time": HOUR_MS + number, "tranId": number, "tradeId": ""}  # fmt: skip


def test_a_futures_wallets_history_is_read_page_by_page_and_tells_no_trade_twice():
    pages = {
        "1": [income(number, "COMMISSION") for number in range(1000)],
        "2": [income(1, "FUNDING_FEE"), income(1, "TRANSFER", "7"), income(2, "REALIZED_PNL")],
    }
    found, complete = course(Market.USDM, lambda path, params: yes(pages[params["page"]]))
    assert complete
    assert [(move.reason, move.instrument, int(move.amount)) for move in found] == [
        ("funding", 0, -MONEY_UNIT // 2),
        ("transfer", 0xFFFF, 7 * MONEY_UNIT),
    ]
    assert len({move.move_id for move in found}) == 2  # "unique in the same incomeType"


def test_a_spot_wallets_histories_are_read_one_after_the_other():
    told = {
        "/sapi/v1/capital/deposit/hisrec": [
            {"id": "d1", "amount": "2", "coin": "BTC", "status": 1, "insertTime": HOUR_MS, "completeTime": HOUR_MS + 9},
            {"id": "d2", "amount": "3", "coin": "BTC", "status": 0, "insertTime": HOUR_MS},
        ],
        "/sapi/v1/capital/withdraw/history": [
            {"id": "w1", "amount": "1", "transactionFee": "0.25", "coin": "BTC", "status": 6,
             "applyTime": "1970-01-01 01:00:01"},
            {"id": "w2", "amount": "1", "coin": "BTC", "status": 3, "applyTime": "1970-01-01 01:00:02"},
        ],
        "/sapi/v1/asset/assetDividend": {
            "rows": [{"id": 5, "amount": "0.1", "asset": "BNB", "divTime": HOUR_MS + 5, "enInfo": "BNB Vault"}]
        },
        "/sapi/v1/asset/transfer": {"total": 0, "rows": []},
    }  # fmt: skip

    def answers(path, params):
        if params.get("type") == "MAIN_UMFUTURE":
            row = {"asset": "USDT", "amount": "9", "status": "CONFIRMED", "tranId": 77, "timestamp": HOUR_MS + 7}
            return yes({"total": 1, "rows": [row]})
        return yes(told[path])

    found, complete = course(Market.SPOT, answers)
    assert complete
    assert [(move.move_id, move.reason, int(move.amount) * 100 // MONEY_UNIT) for move in found] == [
        ("deposit-d1", "transfer", 200),
        ("withdrawal-w1", "transfer", -125),
        ("dividend-5", "dividend", 10),
        ("transfer-77", "transfer", -900),
    ]
    assert found[0].venue_ns == (HOUR_MS + 9) * 1_000_000


def test_a_test_network_without_a_wallet_tells_of_no_moves():
    found, complete = course(Market.SPOT, lambda path, params: reply_of(Market.SPOT, 404, b"not found"))
    assert (found, complete) == ([], True)
