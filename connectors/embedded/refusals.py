"""How REST says no: Binance's error codes and messages, each with its HTTP status.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors
"""

from connectors.embedded.errors import RequestError


def missing(parameter: str) -> RequestError:
    """A mandatory parameter is not there."""
    return RequestError(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def illegal_characters(parameter: str, legal: str) -> RequestError:
    """A parameter holds what it may not."""
    return RequestError(-1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{legal}'.")


def invalid_symbol() -> RequestError:
    """No such symbol on this market."""
    return RequestError(-1121, "Invalid symbol.")


def invalid_interval() -> RequestError:
    """No such kline interval."""
    return RequestError(-1120, "Invalid interval.")


def bad_combination() -> RequestError:
    """Two parameters exclude each other."""
    return RequestError(-1128, "Combination of optional parameters invalid.")


def not_valid(parameter: str) -> RequestError:
    """A parameter is well formed and still means nothing."""
    return RequestError(-1130, f"Data sent for parameter '{parameter}' is not valid.")


def invalid_path(path: str, method: str) -> RequestError:
    """Nothing is served there."""
    return RequestError(-5000, f"Path {path}, Method {method} is invalid", 404)
