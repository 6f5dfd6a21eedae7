"""How REST says no: Binance's error codes and messages, each with its HTTP status.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors
"""

import msgspec


class Refusal(Exception):
    """A request that is answered with an error body; `status` is the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        """Carry what the body says."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> bytes:
        """Return the error body, `{"code":-1121,"msg":"Invalid symbol."}`."""
        return msgspec.json.encode({"code": self.code, "msg": self.message})


def missing(parameter: str) -> Refusal:
    """A mandatory parameter is not there."""
    return Refusal(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def illegal_characters(parameter: str, legal: str) -> Refusal:
    """A parameter holds what it may not."""
    return Refusal(-1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{legal}'.")


def invalid_symbol() -> Refusal:
    """No such symbol on this market."""
    return Refusal(-1121, "Invalid symbol.")


def invalid_interval() -> Refusal:
    """No such kline interval."""
    return Refusal(-1120, "Invalid interval.")


def bad_combination() -> Refusal:
    """Two parameters exclude each other."""
    return Refusal(-1128, "Combination of optional parameters invalid.")


def not_valid(parameter: str) -> Refusal:
    """A parameter is well formed and still means nothing."""
    return Refusal(-1130, f"Data sent for parameter '{parameter}' is not valid.")
