"""How USDⓈ-M futures say no: Binance's codes and messages that spot does not have.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

from connectors.embedded.errors import RequestError


def bad_precision() -> RequestError:
    """A price or quantity is finer than the tick or lot (`BAD_PRECISION`)."""
    return RequestError(-1111, "Precision is over the maximum defined for this asset.")


def not_required(parameter: str) -> RequestError:
    """A parameter that this request may not have (`PARAM_NOT_REQUIRED`)."""
    return RequestError(-1106, f"Parameter '{parameter}' sent when not required.")


def invalid_time_in_force() -> RequestError:
    """`INVALID_TIF`."""
    return RequestError(-1115, "Invalid timeInForce.")


def invalid_order_type() -> RequestError:
    """`INVALID_ORDER_TYPE`."""
    return RequestError(-1116, "Invalid orderType.")


def invalid_side() -> RequestError:
    """`INVALID_SIDE`."""
    return RequestError(-1117, "Invalid side.")


def no_listen_key() -> RequestError:
    """`INVALID_LISTEN_KEY`."""
    return RequestError(-1125, "This listenKey does not exist.")


def insufficient_margin() -> RequestError:
    """`MARGIN_NOT_SUFFICIEN`, as Binance spells it."""
    return RequestError(-2019, "Margin is insufficient.")


def would_trigger() -> RequestError:
    """`ORDER_WOULD_IMMEDIATELY_TRIGGER`."""
    return RequestError(-2021, "Order would immediately trigger.")


def reduce_only_rejected() -> RequestError:
    """`REDUCE_ONLY_REJECT`."""
    return RequestError(-2022, "ReduceOnly Order is rejected.")


def too_many_open_orders() -> RequestError:
    """`MAX_OPEN_ORDER_EXCEEDED`."""
    return RequestError(-2025, "Reach max open order limit.")


def beyond_leverage() -> RequestError:
    """`MAX_LEVERAGE_RATIO`."""
    return RequestError(-2027, "Exceeded the maximum allowable position at current leverage.")


def leverage_too_small() -> RequestError:
    """`MIN_LEVERAGE_RATIO`."""
    return RequestError(-2028, "Leverage is smaller than permitted: insufficient margin balance.")


def price_not_positive() -> RequestError:
    """`PRICE_LESS_THAN_ZERO`."""
    return RequestError(-4001, "Price less than 0.")


def price_too_high() -> RequestError:
    """`PRICE_GREATER_THAN_MAX_PRICE`."""
    return RequestError(-4002, "Price greater than max price.")


def quantity_not_positive() -> RequestError:
    """`QTY_LESS_THAN_ZERO`."""
    return RequestError(-4003, "Quantity less than zero.")


def quantity_too_large() -> RequestError:
    """`QTY_GREATER_THAN_MAX_QTY`."""
    return RequestError(-4005, "Quantity greater than max quantity.")


def trigger_price_not_positive() -> RequestError:
    """`STOP_PRICE_LESS_THAN_ZERO`."""
    return RequestError(-4006, "Stop price less than zero.")


def bad_client_order_id() -> RequestError:
    """`INVALID_CL_ORD_ID_LEN`."""
    return RequestError(-4015, "Client order id is not valid.")


def price_above(bound: str) -> RequestError:
    """`PRICE_HIGHTER_THAN_MULTIPLIER_UP`, as Binance spells it."""
    return RequestError(-4016, f"Limit price can't be higher than {bound}.")


def price_below(bound: str) -> RequestError:
    """`PRICE_LOWER_THAN_MULTIPLIER_DOWN`."""
    return RequestError(-4024, f"Limit price can't be lower than {bound}.")


def invalid_leverage(leverage: str) -> RequestError:
    """`INVALID_LEVERAGE`."""
    return RequestError(-4028, f"Leverage {leverage} is not valid")


def too_many_algo_orders() -> RequestError:
    """`MAX_STOP_ORDER_EXCEEDED`."""
    return RequestError(-4045, "Reach max stop order limit.")


def same_margin_type() -> RequestError:
    """`NO_NEED_TO_CHANGE_MARGIN_TYPE`."""
    return RequestError(-4046, "No need to change margin type.")


def margin_type_with_orders() -> RequestError:
    """`THERE_EXISTS_OPEN_ORDERS`."""
    return RequestError(-4047, "Margin type cannot be changed if there exists open orders.")


def margin_type_with_position() -> RequestError:
    """`THERE_EXISTS_QUANTITY`."""
    return RequestError(-4048, "Margin type cannot be changed if there exists position.")


def only_isolated_margin() -> RequestError:
    """`ADD_ISOLATED_MARGIN_REJECT`."""
    return RequestError(-4049, "Add margin only support for isolated position.")


def cross_too_small() -> RequestError:
    """`CROSS_BALANCE_INSUFFICIENT`."""
    return RequestError(-4050, "Cross balance insufficient.")


def isolated_too_small() -> RequestError:
    """`ISOLATED_BALANCE_INSUFFICIENT`."""
    return RequestError(-4051, "Isolated balance insufficient.")


def no_position_to_margin() -> RequestError:
    """`ADD_ISOLATED_MARGIN_NO_POSITION_REJECT`."""
    return RequestError(-4054, "Cannot add position margin: position is 0.")


def amount_not_positive() -> RequestError:
    """`AMOUNT_MUST_BE_POSITIVE`."""
    return RequestError(-4055, "Amount must be positive.")


def same_position_mode() -> RequestError:
    """`NO_NEED_TO_CHANGE_POSITION_SIDE`."""
    return RequestError(-4059, "No need to change position side.")


def invalid_position_side() -> RequestError:
    """`INVALID_POSITION_SIDE`."""
    return RequestError(-4060, "Invalid position side.")


def other_position_mode() -> RequestError:
    """`POSITION_SIDE_NOT_MATCH`."""
    return RequestError(-4061, "Order's position side does not match user's setting.")


def position_mode_with_orders() -> RequestError:
    """`POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS`."""
    return RequestError(-4067, "Position side cannot be changed if there exists open orders.")


def position_mode_with_position() -> RequestError:
    """`POSITION_SIDE_CHANGE_EXISTS_QUANTITY`."""
    return RequestError(-4068, "Position side cannot be changed if there exists position.")


def bad_batch(what: str, count: int) -> RequestError:
    """`INVALID_BATCH_PLACE_ORDER_SIZE`."""
    return RequestError(-4082, f"Invalid number of batch {what}: {count}")


def duplicate_client_order_id() -> RequestError:
    """`DUPLICATED_CLIENT_ORDER_ID`."""
    return RequestError(-4116, "ClientOrderId is duplicated.")


def use_algo_service() -> RequestError:
    """`STOP_ORDER_SWITCH_ALGO`: since 2025-12-09 conditional orders have endpoints of their own."""
    return RequestError(
        -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
    )


def second_close_order() -> RequestError:
    """`TARGET_STRATEGY_EXISTS`, as it is told for Close-All orders."""
    return RequestError(
        -4130, "An open stop or take profit order with GTE and closePosition in the direction is existing."
    )


def counterparty_too_far() -> RequestError:
    """`MARKET_ORDER_REJECT`."""
    return RequestError(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")


def invalid_activation_price() -> RequestError:
    """`ACTIVATION_PRICE_INVALID`."""
    return RequestError(-4135, "Invalid activation price.")


def bad_close_position() -> RequestError:
    """`QUANTITY_EXISTS_WITH_CLOSE_POSITION`: Close-All with what it excludes."""
    return RequestError(-4136, "Invalid combination: closePosition=true.")


def leverage_with_isolated_position() -> RequestError:
    """`ISOLATED_LEVERAGE_REJECT_WITH_POSITION`."""
    return RequestError(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.")


def notional_too_small(least: str) -> RequestError:
    """`MIN_NOTIONAL`."""
    return RequestError(-4164, f"Order's notional must be no smaller than {least} (unless you choose reduce only).")


def no_multi_assets() -> RequestError:
    """Multi-Assets mode is not served; Binance's own code for an account that cannot change to it."""
    return RequestError(
        -4171,
        "Unable to adjust to Multi-Assets mode: this venue serves Single-Asset mode only; "
        "keep multiAssetsMargin=false.",
    )


def fill_or_kill_rejected() -> RequestError:
    """`FOK_ORDER_REJECT`."""
    return RequestError(
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history",
    )


def post_only_rejected() -> RequestError:
    """`GTX_ORDER_REJECT`."""
    return RequestError(
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history",
    )


def only_limit_orders() -> RequestError:
    """`LIMIT_ORDER_ONLY`."""
    return RequestError(-5025, "Only limit order is supported.")


def too_many_modifications() -> RequestError:
    """`Exceed_Maximum_Modify_Order_Limit`."""
    return RequestError(-5026, "Exceed maximum modify order limit.")


def nothing_to_modify() -> RequestError:
    """`SAME_ORDER`."""
    return RequestError(-5027, "No need to modify the order.")


def invalid_price_match() -> RequestError:
    """`INVALID_PRICE_MATCH`."""
    return RequestError(-5037, "Invalid price match")


def price_match_needs_limit() -> RequestError:
    """`UNSUPPORTED_ORDER_TYPE_PRICE_MATCH`."""
    return RequestError(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")


def invalid_self_trade_mode() -> RequestError:
    """`INVALID_SELF_TRADE_PREVENTION_MODE`."""
    return RequestError(-5039, "Invalid self trade prevention mode")


def bad_good_till_date() -> RequestError:
    """`FUTURE_GOOD_TILL_DATE`."""
    return RequestError(
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
        "253402300799000",
    )


def no_price_to_match() -> RequestError:
    """`BBO_ORDER_REJECT`."""
    return RequestError(-5041, "No depth matches this BBO order")


def bad_callback_rate() -> RequestError:
    """`INVALID_CALLBACK_RATE`."""
    return RequestError(-2007, "Invalid callBack rate.")
