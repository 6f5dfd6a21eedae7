"""What the venue checks before an order meets the book, in Binance's words (errors.md, "Filter failures")."""

from core.instruments import Instrument
from core.orders import OrderIntent, OrderType, TimeInForce

NO_SUCH_ORDER = "Unknown order sent."
DUPLICATE_ORDER = "Duplicate order sent."
WOULD_TAKE = "Order would immediately match and take."
CLOSED = "Market is closed."
NO_SUCH_SYMBOL = "Invalid symbol."
NOT_REDUCING = "ReduceOnly Order is rejected."


def refusal_of(intent: OrderIntent, instrument: Instrument, reference_price: int) -> str:
    """Return why the venue refuses the order, empty if it does not; `reference_price` values a market order."""
    if not instrument.tradable:
        return CLOSED
    is_market = intent.type is OrderType.MARKET
    if intent.post_only and (is_market or intent.time_in_force is not TimeInForce.GTC):
        return "Unsupported order combination: post-only is for limit orders that stay (GTC)"
    quantity = intent.quantity
    if quantity <= 0 or quantity % instrument.lot or quantity < instrument.min_quantity:
        return _failure("LOT_SIZE", instrument, "quantity", instrument.quantity_text(quantity))
    if instrument.max_quantity and quantity > instrument.max_quantity:
        return _failure("LOT_SIZE", instrument, "quantity", instrument.quantity_text(quantity))
    if not is_market and (intent.price <= 0 or intent.price % instrument.tick):
        return _failure("PRICE_FILTER", instrument, "price", instrument.price_text(intent.price))
    price = reference_price if is_market else intent.price
    if price and price * quantity * instrument.notional_factor < instrument.min_notional:
        return _failure("NOTIONAL", instrument, "quantity", instrument.quantity_text(quantity))
    return ""


def _failure(name: str, instrument: Instrument, what: str, figure: str) -> str:
    """A filter's failure with the figure that broke it."""
    return f"Filter failure: {name} ({instrument.id}: {what} {figure})"
