"""What private streams tell: the documented events of USDⓈ-M futures. Pure.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

from collections.abc import Iterable

import msgspec

from connectors.embedded.exchange.orders import OrderType, Status
from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.margin import Holding
from connectors.embedded.exchange.usdm.orders import AlgoOrder, FuturesOrder
from connectors.embedded.exchange.usdm.positions import money_price_text
from connectors.embedded.exchange.usdm.texts import money_text, units_text

Event = dict[str, object]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """What an ORDER_TRADE_UPDATE tells of besides its order; totals are those at that moment."""

    execution: str  # NEW, CANCELED, CALCULATED, EXPIRED, TRADE, AMENDMENT
    status: Status
    executed: int
    average: int
    time_ms: int
    quantity: int = 0
    price: int = 0
    commission: int | None = None
    realised: int = 0
    trade_id: int = 0
    maker: bool = False
    bids: int = 0
    asks: int = 0


def order_event(contract: Contract, order: FuturesOrder, what: Happening) -> Event:
    """Return the ORDER_TRADE_UPDATE of what happened to an order."""
    body: Event = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side.value,
        "o": order.type.value,
        "f": order.tif.value,
        "q": contract.quantity_text(order.quantity),
        "p": contract.price_text(order.price),
        "ap": units_text(what.average) if what.average else "0",
        "sp": contract.price_text(order.stop_price),
        "x": what.execution,
        "X": what.status.value,
        "i": order.order_id,
        "l": contract.quantity_text(what.quantity),
        "z": contract.quantity_text(what.executed),
        "L": contract.price_text(what.price),
        "T": what.time_ms,
        "t": what.trade_id,
        "b": money_text(what.bids),
        "a": money_text(what.asks),
        "m": what.maker,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original_type.value,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": money_text(what.realised),
        "pP": order.price_protect,
        "si": order.algo_id,
        "ss": 0,
        "V": order.stp.value,
        "pm": order.price_match,
        "gtd": order.good_till_ms,
        "er": order.expiry.value,
    }
    if what.commission is not None:
        # "will not push if no commission"
        body |= {"N": contract.asset, "n": money_text(what.commission)}
    return {"e": "ORDER_TRADE_UPDATE", "E": what.time_ms, "T": what.time_ms, "o": body}


def trade_lite(contract: Contract, order: FuturesOrder, what: Happening) -> Event:
    """Return the TRADE_LITE of an execution."""
    return {
        "e": "TRADE_LITE",
        "E": what.time_ms,
        "T": what.time_ms,
        "s": order.symbol,
        "q": contract.quantity_text(order.quantity),
        "p": contract.price_text(order.price),
        "m": what.maker,
        "c": order.client_order_id,
        "S": order.side.value,
        "L": contract.price_text(what.price),
        "l": contract.quantity_text(what.quantity),
        "t": what.trade_id,
        "i": order.order_id,
    }


def account_event(
    reason: str,
    balances: dict[str, tuple[int, int]],
    holdings: Iterable[Holding],
    time_ms: int,
    change: int = 0,
) -> Event:
    """Return an ACCOUNT_UPDATE of the balances (asset: wallet and cross wallet) and positions that changed.

    `change` is "bc", "Balance Change except PnL and Commission".
    """
    return {
        "e": "ACCOUNT_UPDATE",
        "E": time_ms,
        "T": time_ms,
        "a": {
            "m": reason,
            "B": [
                {"a": asset, "wb": money_text(wallet), "cw": money_text(cross), "bc": money_text(change)}
                for asset, (wallet, cross) in balances.items()
            ],
            "P": [_position(holding) for holding in holdings],
        },
    }


def _position(holding: Holding) -> Event:
    position = holding.position
    return {
        "s": holding.contract.symbol,
        "pa": holding.contract.quantity_text(position.amount),
        "ep": money_price_text(position.entry_price),
        "bep": money_price_text(position.break_even_price),
        "cr": money_text(position.realised),
        "up": money_text(holding.unrealised),
        "mt": "isolated" if holding.isolated else "cross",
        "iw": money_text(position.isolated_wallet),
        "ps": holding.side.value,
    }


def margin_call(cross_wallet: int, holdings: Iterable[Holding], time_ms: int) -> Event:
    """Return the MARGIN_CALL of positions near their liquidation."""
    return {
        "e": "MARGIN_CALL",
        "E": time_ms,
        "cw": money_text(cross_wallet),
        "p": [
            {
                "s": holding.contract.symbol,
                "ps": holding.side.value,
                "pa": holding.contract.quantity_text(holding.position.amount),
                "mt": "ISOLATED" if holding.isolated else "CROSSED",
                "iw": money_text(holding.position.isolated_wallet),
                "mp": units_text(holding.mark),
                "up": money_text(holding.unrealised),
                "mm": money_text(holding.maintenance),
            }
            for holding in holdings
        ],
    }


def leverage_event(symbol: str, leverage: int, time_ms: int) -> Event:
    """Return the ACCOUNT_CONFIG_UPDATE of a leverage that was changed."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": time_ms, "ac": {"s": symbol, "l": leverage}}


def algo_event(contract: Contract, algo: AlgoOrder, time_ms: int) -> Event:
    """Return the ALGO_UPDATE of a conditional order."""
    body: Event = {
        "caid": algo.client_order_id,
        "aid": algo.order_id,
        "at": "CONDITIONAL",
        "o": algo.type.value,
        "s": algo.symbol,
        "S": algo.side.value,
        "ps": algo.position_side,
        "f": algo.tif.value,
        "q": contract.quantity_text(algo.quantity),
        "X": algo.algo_status.value,
        "ai": "",
        "tp": contract.price_text(algo.stop_price),
        "p": contract.price_text(algo.price),
        "V": algo.stp.value,
        "wt": algo.working_type,
        "pm": algo.price_match,
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": algo.good_till_ms,
    }
    if algo.type is OrderType.TRAILING_STOP_MARKET:
        body |= {"AP": contract.price_text(algo.stop_price), "cr": callback_text(algo)}
    if algo.actual is not None:
        # "only display when order is triggered and placed in matching engine"
        body |= {
            "ai": str(algo.actual.order_id),
            "ap": units_text(algo.actual.average),
            "aq": contract.quantity_text(algo.actual.executed),
            "act": algo.actual.type.value,
        }
    if algo.reason:
        body["rm"] = algo.reason
    return {"e": "ALGO_UPDATE", "T": time_ms, "E": time_ms, "o": body}


def force_order(contract: Contract, order: FuturesOrder, last: int, time_ms: int) -> Event:
    """Return the public `forceOrder` of a liquidation that is over; `last` is what was filled last."""
    return {
        "e": "forceOrder",
        "E": time_ms,
        "o": {
            "s": order.symbol,
            "S": order.side.value,
            "o": "LIMIT",
            "f": order.tif.value,
            "q": contract.quantity_text(order.quantity),
            "p": contract.price_text(order.price),
            "ap": units_text(order.average),
            "X": order.status.value,
            "l": contract.quantity_text(last),
            "z": contract.quantity_text(order.executed),
            "T": time_ms,
        },
    }


def callback_text(algo: AlgoOrder) -> str:
    """Write a callback rate in percent, one decimal at least: 10 bips are "0.1"."""
    whole, rest = divmod(algo.trailing_bips, 100)
    return f"{whole}.{rest:02d}".removesuffix("0")


def listen_key_expired(key: str, time_ms: int) -> Event:
    """Return the event with which a stream ends whose key was not kept alive."""
    return {"e": "listenKeyExpired", "E": time_ms, "listenKey": key}
