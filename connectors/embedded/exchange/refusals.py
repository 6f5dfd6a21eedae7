"""How trading requests are refused: Binance's codes and messages, shared by spot and USDⓈ-M.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors
"""

from connectors.embedded.errors import RequestError


def bad_key_format() -> RequestError:
    """No API key, or one that is none."""
    return RequestError(-2014, "API-key format invalid.", 401)


def rejected_key() -> RequestError:
    """An unknown key, an address that it is not for, or a right that it lacks."""
    return RequestError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def invalid_signature() -> RequestError:
    """The signature is not that of the parameters."""
    return RequestError(-1022, "Signature for this request is not valid.")


def outside_window() -> RequestError:
    """The request is too old."""
    return RequestError(-1021, "Timestamp for this request is outside of the recvWindow.")


def ahead_of_server() -> RequestError:
    """The request is from the future."""
    return RequestError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def bad_window() -> RequestError:
    """The window is wider than allowed."""
    return RequestError(-1131, "Invalid recvWindow. Must be less than 60000.")


def filter_failure(name: str) -> RequestError:
    """An order breaks a filter of its symbol."""
    return RequestError(-1013, f"Filter failure: {name}")


def rejected(message: str) -> RequestError:
    """A well-formed order that cannot be taken now (`NEW_ORDER_REJECTED`)."""
    return RequestError(-2010, message)


def insufficient_balance() -> RequestError:
    """The account cannot pay for the order."""
    return rejected("Account has insufficient balance for requested action.")


def unknown_order() -> RequestError:
    """No open order to cancel (`CANCEL_REJECTED`)."""
    return RequestError(-2011, "Unknown order sent.")


def no_such_order() -> RequestError:
    """No order to tell of."""
    return RequestError(-2013, "Order does not exist.")


def too_many_requests(weight: int, interval: str, retry_after_s: int) -> RequestError:
    """The request weight of an address is used up."""
    return RequestError(
        -1003,
        f"Too much request weight used; current limit is {weight} request weight per {interval}. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        429,
        retry_after_s,
    )


def banned(until_ms: int, retry_after_s: int) -> RequestError:
    """An address went on after it was told to back off."""
    return RequestError(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        418,
        retry_after_s,
    )


def too_many_orders(limit: int, interval: str, retry_after_s: int) -> RequestError:
    """The order count of an account is used up."""
    return RequestError(
        -1015, f"Too many new orders; current limit is {limit} orders per {interval}.", 429, retry_after_s
    )
