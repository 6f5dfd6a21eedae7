"""REST answers on their way to whoever asked: a question is a request, a reply its body or what stood in its place."""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from connectors.binance.settings import Market
from connectors.binance.trading import parse
from connectors.binance.trading.codes import Meaning, Verdict, classify, words
from connectors.binance.trading.messages import ApiError
from connectors.binance.trading.requests import Request

_OK = Verdict(Meaning.REJECTED)

Answer = TypeVar("Answer")
Asking = Generator["Question", "Reply", Answer]
"""A course of questions: yields each, is sent its reply, and returns what they come to."""


class Question(msgspec.Struct, frozen=True):
    """A REST request of account or venue. `base`: another address than the market's; `signed` False: public."""

    request: Request
    base: str = ""
    signed: bool = True


class Reply(msgspec.Struct, frozen=True):
    """A body, or (where `ok` is False) what its absence means, as words."""

    ok: bool
    body: bytes
    verdict: Verdict
    code: int
    reason: str
    status: int = 0  # of HTTP, 0 where there was no answer

    @property
    def may_pass(self) -> bool:
        """Whether asking again later may be answered."""
        return self.verdict.meaning in {Meaning.UNKNOWN, Meaning.BUSY, Meaning.DOWN, Meaning.CLOCK}


class Refused(msgspec.Struct, frozen=True):
    """An error, wherever it came from: what it means, the venue's code, and words for a person."""

    verdict: Verdict
    code: int
    reason: str
    retry_after_ms: int = 0


def read_error(market: Market, status: int, body: bytes) -> Refused:
    """Return what an answer with an error status says; HTML, cut JSON and empty bodies included."""
    return refusal(market, status, parse.error_of(body))


def refusal(market: Market, status: int, error: ApiError) -> Refused:
    """Return what an error says."""
    verdict = classify(market, status, error.code, error.msg)
    told = words(verdict, error.code, error.msg) if error.code else f"HTTP {status} without a readable answer"
    return Refused(verdict, error.code, told, error.data.retry_after_ms if error.data else 0)


def reply_of(market: Market, status: int, body: bytes) -> Reply:
    """Return a REST answer as a reply; a 200 that is no JSON is no answer: "classify by status and content"."""
    if status == 200:
        if body[:1] in {b"{", b"["}:
            return Reply(ok=True, body=body, verdict=_OK, code=0, reason="", status=status)
        return Reply(False, body, Verdict(Meaning.UNKNOWN), 0, "HTTP 200 without a readable answer", status)
    refused = read_error(market, status, body)
    return Reply(False, body, refused.verdict, refused.code, refused.reason, status)


def no_reply(reason: str) -> Reply:
    """Return what stands for an answer that never came."""
    return Reply(False, b"", Verdict(Meaning.UNKNOWN), 0, reason)
