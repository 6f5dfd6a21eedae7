"""No request, however odd, breaks the futures exchange: it is answered, or refused with a code."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.embedded.exchange.clients import Security
from tests.connectors.embedded.futures import Bench, Json, Refused

NAMES = (
    *("symbol", "side", "type", "quantity", "price", "timeInForce", "reduceOnly", "positionSide", "newClientOrderId"),
    *("priceMatch", "selfTradePreventionMode", "goodTillDate", "closePosition", "newOrderRespType", "algoType"),
    *("triggerPrice", "callbackRate", "activatePrice", "workingType", "priceProtect", "clientAlgoId", "algoId"),
    *("orderId", "origClientOrderId", "orderIdList", "batchOrders", "countdownTime", "limit", "startTime", "endTime"),
    *("leverage", "marginType", "amount", "dualSidePosition", "multiAssetsMargin", "incomeType", "autoCloseType"),
    *("fromId", "origClientOrderIdList"),
)
VALUES = st.one_of(
    st.sampled_from(
        (
            *(
                "BTCUSDT",
                "ETHUSDT",
                "BUY",
                "SELL",
                "LIMIT",
                "MARKET",
                "STOP",
                "TRAILING_STOP_MARKET",
                "GTC",
                "GTX",
                "GTD",
            ),
            *("true", "false", "LONG", "SHORT", "BOTH", "0.010", "60000", "59000.5", "0", "-1", "1", "2", "5", "20"),
            *(
                "CONDITIONAL",
                "QUEUE_5",
                "EXPIRE_BOTH",
                "RESULT",
                "ISOLATED",
                "CROSSED",
                "[1]",
                "[]",
                "[{}]",
                "null",
                "1e5",
            ),
            *("1700001000000", "9" * 19, "9" * 40, "0.00000000001", "NaN", ".", "٣", "a b", "é"),
        )
    ),
    st.text(max_size=6),
)


def opened() -> Bench:
    """Return a market in which an account holds a position, an order and a conditional order."""
    bench = Bench(limits=())
    bench.market(59_999.0, 60_001.0)
    bench.last(60_000.0)
    trader = bench.trader()
    trader.order("BUY", "0.100")
    trader.order("BUY", "0.010", "59000.0")
    trader.algo("STOP_MARKET", "SELL", "0.100", triggerPrice="59500.0")
    return bench


ENDPOINTS = [key for key, one in opened().gate.rest.items() if one.security is not Security.KEY]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ENDPOINTS), st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=14), max_size=3))
def test_every_request_is_answered_or_refused(endpoint: tuple[str, str], requests: list[dict[str, str]]) -> None:
    verb, path = endpoint
    bench = opened()
    trader = bench.trader()
    for parameters in requests:
        try:
            body: Json = trader.call(verb, path.removeprefix("/fapi/"), **{"symbol": "BTCUSDT", **parameters})
        except Refused as refused:
            body = {"status": refused.status, "code": refused.code}
        assert body is not None
        assert not isinstance(body, dict) or body.get("status") not in (401, 404, 500)
        bench.advance(60_000)
