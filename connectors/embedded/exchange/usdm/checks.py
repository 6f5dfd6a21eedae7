"""What a new or changed order must pass before it reaches the book: price bounds, position, margin. Pure.

Sources: https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition (filters) and "How to
Calculate Cost Required to Open a Position in Perpetual Futures Contracts".
"""

from connectors.embedded.exchange.orders import OrderType, Side
from connectors.embedded.exchange.usdm import refusals
from connectors.embedded.exchange.usdm.account import FuturesAccount
from connectors.embedded.exchange.usdm.contracts import PPM, Contract, value
from connectors.embedded.exchange.usdm.margin import divided_up, open_loss, requirement
from connectors.embedded.exchange.usdm.orders import FuturesOrder
from connectors.embedded.exchange.usdm.positions import closing_part
from connectors.embedded.exchange.usdm.state import State, SymbolState
from core.money import MONEY_UNIT

_MARKET_BUY_PPM = 1_000_500  # "Long Order: Assuming Price = Ask Price 1 * (1 + 0.05%)"
_SELL_PPM = 1_001_500  # "Short Order: Assuming Price = Max(Last Price * (1 + 0.15%), Mark Price, Order's Price)"


def check_price(one: SymbolState, order: FuturesOrder) -> None:
    """Refuse a limit outside PERCENT_PRICE: "BUY: price <= markPrice * multiplierUp", SELL by multiplierDown."""
    contract, mark = one.contract, one.pricing.mark
    if not mark or order.type is OrderType.MARKET:
        return
    bound = market_bound(contract, order.side, mark)
    if order.side is Side.BUY and order.price > bound:
        raise refusals.price_above(contract.price_text(bound))
    if order.side is Side.SELL and order.price < bound:
        raise refusals.price_below(contract.price_text(bound))


def market_bound(contract: Contract, side: Side, mark: int) -> int:
    """Return the worst price at which an order may trade, in whole ticks; 0 where there is no mark price."""
    if side is Side.BUY:
        return mark * contract.price_up_ppm // PPM // contract.tick * contract.tick
    return divided_up(mark * contract.price_down_ppm, PPM * contract.tick) * contract.tick


def check_notional(one: SymbolState, order: FuturesOrder) -> None:
    """Refuse what is worth less than MIN_NOTIONAL, "unless you choose reduce only"; market orders by the mark price."""
    worth = value(order.price or one.pricing.mark, order.quantity)
    if worth < one.contract.min_notional and not order.only_closes:
        raise refusals.notional_too_small(str(one.contract.min_notional // MONEY_UNIT))


def cut_to_position(state: State, order: FuturesOrder) -> None:
    """Cut an order that only closes to what there is to close, ahead of it counted. Raises RequestError if nothing is.

    "reduceOnly" orders may never open or flip a position; orders of better priority come first.
    """
    if not order.only_closes:
        return
    position = state.account(order.account).position(order.symbol, order.position)
    room = closing_part(position.amount, order.signed * order.quantity)
    book = state.symbols[order.symbol].book
    if order.type is not OrderType.MARKET and not book.crosses(order.side, order.price):
        better = order.signed * order.price
        ahead = sum(other.remaining for other in closing_orders(state, order) if other.signed * other.price >= better)
        room = min(room, abs(position.amount) - ahead)
    if room <= 0:
        raise refusals.reduce_only_rejected()
    order.quantity = order.executed + room if room < order.quantity - order.executed else order.quantity


def closing_orders(state: State, order: FuturesOrder) -> list[FuturesOrder]:
    """Return the account's open orders of the same side for the same position, in the order in which they trade."""
    return sorted(
        (
            other
            for other in state.open_orders(order.account, order.symbol)
            if other.side is order.side and other.position_side == order.position_side
        ),
        key=_priority,
    )


def _priority(order: FuturesOrder) -> tuple[int, int]:
    return (-order.signed * order.price, order.queued)


def check_margin(state: State, account: FuturesAccount, one: SymbolState, order: FuturesOrder) -> None:
    """Refuse an order that the account cannot pay for: "Cost = Initial Margin + Open Loss (if any)".

    The initial margin is what the order adds to the margin requirement of position and orders.
    """
    if order.only_closes:
        return
    contract, mark = one.contract, one.pricing.mark
    holding = state.holding(account, contract, order.position)
    price = assumed_price(one, order)
    worth = value(price, order.remaining)
    bids = holding.bids + (worth if order.side is Side.BUY else 0)
    asks = holding.asks + (worth if order.side is Side.SELL else 0)
    needed = requirement(holding.notional, bids, asks, holding.leverage) - holding.requirement
    signed = order.signed * order.remaining
    opening = signed - order.signed * closing_part(holding.position.amount, signed)
    cost = max(0, needed) + (open_loss(opening, order.price or price, mark) if mark and needed > 0 else 0)
    if cost > state.margin(account, contract.asset).available:
        raise refusals.insufficient_margin()
    largest = contract.max_notional(holding.leverage)
    if needed > 0 and max(abs(holding.notional + bids), abs(holding.notional - asks)) > largest:
        raise refusals.beyond_leverage()


def assumed_price(one: SymbolState, order: FuturesOrder) -> int:
    """Return the price at which an order's cost is reckoned."""
    best = one.book.best(order.side.other) or one.pricing.mark
    if order.side is Side.BUY:
        return order.price or best * _MARKET_BUY_PPM // PPM
    return max(one.pricing.last * _SELL_PPM // PPM, one.pricing.mark, order.price or best)


def matched_price(one: SymbolState, side: Side, match: str) -> int:
    """Return the limit that a priceMatch stands for. Raises RequestError where the book has no such level."""
    name, _, rank = match.partition("_")
    index = int(rank or "1") - 1
    of = side.other if name == "OPPONENT" else side
    levels = dict.fromkeys(price for price, _ in one.book.displayed(of))
    levels.update(dict.fromkeys(resting.price for resting in one.book.resting(of)))
    prices = sorted(levels, reverse=of is Side.BUY)
    if index >= len(prices):
        raise refusals.no_price_to_match()
    return prices[index]


def protected(one: SymbolState) -> bool:
    """Return whether mark and last price are too far apart for a conditional order with priceProtect to trigger."""
    mark, last = one.pricing.mark, one.pricing.last
    return bool(mark and last) and abs(mark - last) * PPM > mark * one.contract.trigger_protect_ppm
