"""What hot functions look at instead of enums: plain integers, and the tables that give their meaning back."""

from core.events import ReportType
from core.orders import Liquidity, TimeInForce

# What a report says; the place in `REPORT_TYPES`.
ACCEPTED, REJECTED, FILLED, CANCELLED, EXPIRED, CANCEL_REJECTED = 0, 1, 2, 3, 4, 5
REPORT_TYPES = (
    ReportType.ACCEPTED,
    ReportType.REJECTED,
    ReportType.FILLED,
    ReportType.CANCELLED,
    ReportType.EXPIRED,
    ReportType.CANCEL_REJECTED,
)

# How long an order lives.
GTC, IOC, FOK = 0, 1, 2
TIME_IN_FORCE_CODES = {TimeInForce.GTC: GTC, TimeInForce.IOC: IOC, TimeInForce.FOK: FOK}

# Which side of a fill rested.
NEITHER, MAKER, TAKER = 0, 1, 2
LIQUIDITIES = (None, Liquidity.MAKER, Liquidity.TAKER)

# Why; the place in `REASON_TEXTS`, where {} is completed by `reports.py`.
NO_REASON = 0
CLOSED = 1
POST_ONLY_MUST_STAY = 2
LOT_SIZE = 3
PRICE_FILTER = 4
NOTIONAL = 5
DUPLICATE_ORDER = 6
NO_MARKET = 7
WOULD_TAKE = 8
NOT_REDUCING = 9
NO_SUCH_SYMBOL = 10
NO_SUCH_ORDER = 11
KILLED = 12
BOOK_IS_EMPTY = 13
NO_MORE_WITHIN_LIMIT = 14
POSITION_IS_LESS = 15
HALTED = 16
MARGIN_IS_INSUFFICIENT = 17
BEYOND_LEVERAGE = 18
LIQUIDATED = 19
FILLED_THAT_FAR = 20
REASON_TEXTS = (
    "",
    "Market is closed.",
    "Unsupported order combination: post-only is for limit orders that stay (GTC)",
    "Filter failure: LOT_SIZE ({instrument}: quantity {quantity})",
    "Filter failure: PRICE_FILTER ({instrument}: price {price})",
    "Filter failure: NOTIONAL ({instrument}: quantity {quantity})",
    "Duplicate order sent.",
    "no market: neither a quote nor a live book of {instrument} has come",
    "Order would immediately match and take.",
    "ReduceOnly Order is rejected.",
    "Invalid symbol.",
    "Unknown order sent.",
    "fill or kill: the book holds less",
    "market order: the book holds no more",
    "immediate or cancel: no more within the limit",
    "reduce-only: more than is left of the position",
    "Trading is halted.",
    "Margin is insufficient.",
    "Exceeded the maximum allowable position at current leverage.",
    "liquidation: the venue cancels what rests",
    "replaced by no more than is filled of it: the venue cancels the rest",
)
"""In Binance's words where it has them (errors.md, "Filter failures")."""
