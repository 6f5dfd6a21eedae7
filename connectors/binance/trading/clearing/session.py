"""Which requests cancel everything that works, and what the answers say is left. Pure.

Spot, DELETE /api/v3/openOrders: "Cancels all active orders on a symbol. This includes orders that are part of an order
list." USDⓈ-M, DELETE /fapi/v1/allOpenOrders; conditional orders are apart: DELETE /fapi/v1/algoOpenOrders.
"""

import msgspec
from msgspec import field

from connectors.binance.settings import Market
from connectors.binance.trading.replies import Reply
from connectors.binance.trading.requests import Rare, Target
from connectors.binance.trading.settings import TradingSettings
from core.ids import parse_revision_id

WEIGHT_LIMITS = {Market.SPOT: 6_000, Market.USDM: 2_400}
"""What the markets' exchangeInfo tells as REQUEST_WEIGHT of one minute. Where a venue allows less by now, its 429 is
heeded."""

_NOTHING_OPEN = -2011  # "Unknown order sent.": what spot says where nothing was open
_SPOT_ALL = Target("", "DELETE", "/api/v3/openOrders")
_USDM_ALL = (Target("", "DELETE", "/fapi/v1/allOpenOrders"), Target("", "DELETE", "/fapi/v1/algoOpenOrders"))
_SPOT_OPEN = Target("", "GET", "/api/v3/openOrders", 6)
_USDM_OPEN = (Target("", "GET", "/fapi/v1/openOrders", 1), Target("", "GET", "/fapi/v1/openAlgoOrders", 1))
_SPOT_ONE = Target("", "DELETE", "/api/v3/order")
_USDM_ONE = Target("", "DELETE", "/fapi/v1/order")
_ALGO_ONE = Target("", "DELETE", "/fapi/v1/algoOrder")


class OpenOrder(msgspec.Struct, frozen=True):
    """One order that works, as far as a cancel needs it."""

    symbol: str
    name: str = field(name="clientOrderId", default="")
    algo_name: str = field(name="clientAlgoId", default="")

    @property
    def is_ours(self) -> bool:
        """Whether its id is one that tickerd gives."""
        return parse_revision_id(self.name or self.algo_name) is not None


_decode_open = msgspec.json.Decoder(list[OpenOrder]).decode


def cancels_of_all(settings: TradingSettings, symbol: str) -> tuple[Rare, ...]:
    """Return the requests that cancel whatever works at a symbol."""
    targets = (_SPOT_ALL,) if settings.market is Market.SPOT else _USDM_ALL
    return tuple(Rare(target, {"symbol": symbol}, settings.recv_window_ms) for target in targets)


def questions_of_open(settings: TradingSettings, symbol: str) -> tuple[Rare, ...]:
    """Return the requests that ask what works at a symbol."""
    targets = (_SPOT_OPEN,) if settings.market is Market.SPOT else _USDM_OPEN
    return tuple(Rare(target, {"symbol": symbol}, settings.recv_window_ms) for target in targets)


def cancel_of(settings: TradingSettings, order: OpenOrder) -> Rare:
    """Return the request that cancels one order, where others' at the symbol must be let be."""
    if order.algo_name:
        return Rare(_ALGO_ONE, {"clientAlgoId": order.algo_name}, settings.recv_window_ms)
    target = _SPOT_ONE if settings.market is Market.SPOT else _USDM_ONE
    return Rare(target, {"symbol": order.symbol, "origClientOrderId": order.name}, settings.recv_window_ms)


def is_done(reply: Reply) -> bool:
    """Whether a cancel of all came to what was wanted: that nothing was open is as good."""
    return reply.ok or reply.code == _NOTHING_OPEN


def read_open(reply: Reply) -> list[OpenOrder] | None:
    """Return what works, None where the answer does not tell."""
    if not reply.ok:
        return None
    try:
        return _decode_open(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
