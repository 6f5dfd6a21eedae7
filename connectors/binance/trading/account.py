"""Bodies of account queries as the core's words: orders, executions, balances, positions, rights."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
from msgspec import field

from connectors.binance.settings import Market
from connectors.binance.trading.news import leg_of, side_of
from connectors.binance.trading.orders import ALGO
from core.evidence import AccountFacts, VenueBalance, VenueFill, VenueOrder, VenueOrderStatus, VenuePosition
from core.instruments import Instrument
from core.money import money
from core.orders import Liquidity, Side
from core.records import NO_INSTRUMENT

_NS_PER_MS = 1_000_000

_STATUSES = {
    "NEW": VenueOrderStatus.WORKING,
    "PARTIALLY_FILLED": VenueOrderStatus.WORKING,
    "PENDING_CANCEL": VenueOrderStatus.WORKING,
    "PENDING_NEW": VenueOrderStatus.PENDING,
    "FILLED": VenueOrderStatus.FILLED,
    "CANCELED": VenueOrderStatus.CANCELLED,
    "REJECTED": VenueOrderStatus.REJECTED,
    "EXPIRED": VenueOrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": VenueOrderStatus.EXPIRED,
}
_ALGO_STATUSES = {
    "NEW": VenueOrderStatus.PENDING,
    "TRIGGERING": VenueOrderStatus.PENDING,
    "TRIGGERED": VenueOrderStatus.WORKING,
    "FINISHED": VenueOrderStatus.UNKNOWN,  # "filled or canceled in the matching engine": its order there tells which
    "CANCELED": VenueOrderStatus.CANCELLED,
    "REJECTED": VenueOrderStatus.REJECTED,
    "EXPIRED": VenueOrderStatus.EXPIRED,
}


class Place(msgspec.Struct, frozen=True):
    """Where symbols are found: index by symbol, rules by index."""

    indexes: Mapping[str, int]
    instruments: Mapping[int, Instrument]

    def find(self, symbol: str) -> tuple[int, Instrument | None]:
        """Return (index, rules) of a symbol, (NO_INSTRUMENT, None) for one that we do not trade."""
        index = self.indexes.get(symbol, NO_INSTRUMENT)
        return index, self.instruments.get(index)


class _Trade(msgspec.Struct, gc=False):
    """One of `myTrades` (spot: isBuyer, isMaker) or `userTrades` (USDⓈ-M: buyer, maker)."""

    symbol: str
    id: int
    order_id: int = field(name="orderId")
    price: str
    quantity: str = field(name="qty")
    time_ms: int = field(name="time")
    fee: str = field(name="commission", default="0")
    fee_asset: str = field(name="commissionAsset", default="")
    spot_buyer: bool | None = field(name="isBuyer", default=None)
    spot_maker: bool = field(name="isMaker", default=False)
    buyer: bool = False
    maker: bool = False
    position_side: str = field(name="positionSide", default="")


class OrderTold(msgspec.Struct, gc=False):
    """An order as a query tells it; what lacks any of this is no answer."""

    symbol: str
    status: str
    side: str
    price: str
    order_id: int = field(name="orderId")
    name: str = field(name="clientOrderId")
    quantity: str = field(name="origQty")
    executed: str = field(name="executedQty")
    updated_ms: int = field(name="updateTime", default=0)
    reason: str = field(name="expiryReason", default="")
    position_side: str = field(name="positionSide", default="")


class AlgoTold(msgspec.Struct, gc=False):
    """A conditional order of USDⓈ-M as a query tells it."""

    symbol: str
    side: str
    quantity: str
    price: str
    algo_id: int = field(name="algoId")
    name: str = field(name="clientAlgoId")
    status: str = field(name="algoStatus")
    order_id: str | int = field(name="actualOrderId", default="")
    updated_ms: int = field(name="updateTime", default=0)
    position_side: str = field(name="positionSide", default="")


class _SpotBalance(msgspec.Struct, gc=False):
    asset: str
    free: str
    locked: str


class _SpotAccount(msgspec.Struct):
    balances: list[_SpotBalance]
    may_trade: bool = field(name="canTrade", default=False)


class _UsdmBalance(msgspec.Struct, gc=False):
    asset: str
    balance: str


class _Position(msgspec.Struct, gc=False):
    symbol: str
    amount: str = field(name="positionAmt")
    entry_price: str = field(name="entryPrice", default="0")
    side: str = field(name="positionSide", default="BOTH")
    isolated_wallet: str = field(name="isolatedWallet", default="0")
    leverage: str = "0"


class AccountConfig(msgspec.Struct, gc=False):
    """`/fapi/v1/accountConfig`."""

    may_trade: bool = field(name="canTrade", default=False)
    hedge_mode: bool = field(name="dualSidePosition", default=False)


class KeyRights(msgspec.Struct, gc=False):
    """`/sapi/v1/account/apiRestrictions`: a right that is not told is not there, but for the one that we refuse."""

    may_withdraw: bool = field(name="enableWithdrawals")
    may_read: bool = field(name="enableReading", default=False)
    may_trade_spot: bool = field(name="enableSpotAndMarginTrading", default=False)
    may_trade_futures: bool = field(name="enableFutures", default=False)
    address_bound: bool = field(name="ipRestrict", default=False)


_decode_order = msgspec.json.Decoder(OrderTold).decode
_decode_orders = msgspec.json.Decoder(list[OrderTold]).decode
_decode_algo = msgspec.json.Decoder(AlgoTold).decode
_decode_algos = msgspec.json.Decoder(list[AlgoTold]).decode
_decode_trades = msgspec.json.Decoder(list[_Trade]).decode
_decode_spot = msgspec.json.Decoder(_SpotAccount).decode
_decode_balances = msgspec.json.Decoder(list[_UsdmBalance]).decode
_decode_positions = msgspec.json.Decoder(list[_Position]).decode
decode_config = msgspec.json.Decoder(AccountConfig).decode
decode_rights = msgspec.json.Decoder(KeyRights).decode


def order(body: bytes, place: Place) -> VenueOrder:
    """Return the order of a query. Raises what `parse.MALFORMED` names."""
    return _to_order(_decode_order(body), place)


def orders(body: bytes, place: Place) -> list[VenueOrder]:
    """Return the orders of a query. Raises what `parse.MALFORMED` names."""
    return [_to_order(each, place) for each in _decode_orders(body)]


def algo_order(body: bytes, place: Place) -> tuple[VenueOrder, str]:
    """Return a conditional order, and the number of the order that it has become, empty before."""
    answer = _decode_algo(body)
    working_id = str(answer.order_id)
    return _to_algo(answer, place), "" if working_id == "0" else working_id


def algo_orders(body: bytes, place: Place) -> list[VenueOrder]:
    """Return the conditional orders of a query."""
    return [_to_algo(each, place) for each in _decode_algos(body)]


def fills(body: bytes, place: Place) -> list[VenueFill]:
    """Return the executions of a query, of instruments of ours alone."""
    out = []
    for trade in _decode_trades(body):
        index, rules = place.find(trade.symbol)
        if rules is None:
            continue
        buys = trade.buyer if trade.spot_buyer is None else trade.spot_buyer
        out.append(
            VenueFill(
                client_order_id="",
                venue_order_id=str(trade.order_id),
                exec_id=str(trade.id),
                instrument=index,
                side=Side.BUY if buys else Side.SELL,
                price=rules.price(trade.price),
                quantity=rules.quantity(trade.quantity),
                fee=str(money(trade.fee)),
                fee_currency=trade.fee_asset,
                liquidity=Liquidity.MAKER if trade.maker or trade.spot_maker else Liquidity.TAKER,
                venue_ns=trade.time_ms * _NS_PER_MS,
                hedge=leg_of(trade.position_side),
            )
        )
    return out


def spot_balances(body: bytes) -> tuple[VenueBalance, ...]:
    """Return what a spot account owns: free and locked together, and how much of it is locked."""
    return tuple(
        VenueBalance(
            currency=each.asset, total=str(money(each.free) + money(each.locked)), held=str(money(each.locked))
        )
        for each in _decode_spot(body).balances
    )


def usdm_balances(body: bytes) -> tuple[VenueBalance, ...]:
    """Return the wallet balances of a futures account; margin in use is no hold, positions tell it."""
    return tuple(
        VenueBalance(currency=each.asset, total=str(money(each.balance)))
        for each in _decode_balances(body)
        if money(each.balance)
    )


def positions(body: bytes, place: Place) -> tuple[VenuePosition, ...]:
    """Return the open positions; of a symbol that we do not trade, their quantity is 0 and their symbol tells."""
    out = []
    for each in _decode_positions(body):
        if not Decimal(each.amount):
            continue
        index, rules = place.find(each.symbol)
        hedge = leg_of(each.side)
        out.append(
            VenuePosition(
                instrument=index,
                symbol=each.symbol,
                quantity=rules.quantity(each.amount) if rules else 0,
                entry_price=_rounded(each.entry_price, rules.price_precision) if rules else 0,
                leverage=int(each.leverage) if each.leverage.isdecimal() else 0,
                isolated=Decimal(each.isolated_wallet) != 0,
                hedge=hedge,
            )
        )
    return tuple(out)


def facts(body: bytes, key: bytes, market: Market) -> AccountFacts:
    """Return what account and key may do."""
    rights = decode_rights(key)
    if market is Market.SPOT:
        may_trade = _decode_spot(body).may_trade and rights.may_trade_spot
        return AccountFacts(may_trade=may_trade, may_withdraw=rights.may_withdraw)
    config = decode_config(body)
    may_trade = config.may_trade and rights.may_trade_futures
    return AccountFacts(may_trade=may_trade, may_withdraw=rights.may_withdraw, hedge_mode=config.hedge_mode)


def may_trade_spot(body: bytes) -> bool:
    """Whether a spot account may trade."""
    return _decode_spot(body).may_trade


def _to_order(answer: OrderTold, place: Place) -> VenueOrder:
    index, rules = place.find(answer.symbol)
    return VenueOrder(
        client_order_id=answer.name,
        venue_order_id=str(answer.order_id),
        instrument=index,
        symbol=answer.symbol,
        side=side_of(answer.side),
        status=_STATUSES.get(answer.status, VenueOrderStatus.UNKNOWN),
        price=rules.price(answer.price) if rules else 0,
        quantity=rules.quantity(answer.quantity) if rules else 0,
        filled=rules.quantity(answer.executed) if rules else 0,
        updated_ns=answer.updated_ms * _NS_PER_MS,
        reason=answer.reason if answer.status in _STATUSES else f"status {answer.status}",
        hedge=leg_of(answer.position_side),
    )


def _to_algo(answer: AlgoTold, place: Place) -> VenueOrder:
    index, rules = place.find(answer.symbol)
    return VenueOrder(
        client_order_id=answer.name,
        venue_order_id=f"{ALGO}{answer.algo_id}",
        instrument=index,
        symbol=answer.symbol,
        side=side_of(answer.side),
        status=_ALGO_STATUSES.get(answer.status, VenueOrderStatus.UNKNOWN),
        price=rules.price(answer.price) if rules else 0,
        quantity=rules.quantity(answer.quantity) if rules else 0,
        filled=0,
        updated_ns=answer.updated_ms * _NS_PER_MS,
        reason="" if answer.status in _ALGO_STATUSES else f"status {answer.status}",
        hedge=leg_of(answer.position_side),
    )


def _rounded(text: str, precision: int) -> int:
    """Return an average price in units; averages are finer than any tick."""
    return int((Decimal(text) * 10**precision).to_integral_value(rounding=ROUND_HALF_EVEN))
