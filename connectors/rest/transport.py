"""An HTTP client that a venue can live with, and that never waits for ever."""

import asyncio
from collections.abc import Sequence
from typing import Self

import aiohttp
import msgspec
from yarl import URL

from connectors.errors import VenueRefused, VenueUnreachable
from connectors.pacing import RetryGate, asked_wait_s

BODY_BYTES_MAX = 64 * 1024 * 1024


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer: status, content type, body."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = {}  # names in lower case


class RestClient:
    """GET with a deadline, a limit on bodies, and respect for a venue that asks to be left alone.

    Ask within `async with client:`, which may be entered again.
    """

    def __init__(self, timeout_s: float, traces: Sequence[aiohttp.TraceConfig] = ()) -> None:
        """Prepare; nothing is opened yet. `traces` see when what leaves."""
        self._traces = list(traces)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._gate = RetryGate()
        self._session: aiohttp.ClientSession | None = None
        self.requests = 0

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": "tickerd"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=self._timeout, trace_configs=self._traces)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()
        self._session = None

    async def get(self, url: str) -> Answer:
        """Return the venue's answer, whatever its status but 418 and 429.

        Raises VenueRefused for these two, and without asking while they last; VenueUnreachable for no answer.
        """
        assert self._session is not None, "ask within `async with client:`"
        loop = asyncio.get_running_loop()
        wait_s = self._gate.wait_s(loop.time())
        if wait_s > 0:
            raise VenueRefused(
                f"the venue asked for silence for another {wait_s:.0f} s", status=429, retry_after_s=wait_s
            )
        self.requests += 1
        try:
            async with self._session.get(URL(url, encoded=True)) as response:
                body = await _read_bounded(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status, response.content_type, body, names)
                retry_after = response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VenueUnreachable(f"{url}: {str(error) or 'no answer in time'}") from error
        wait_s = asked_wait_s(answer.status, retry_after)
        if wait_s > 0:
            self._gate.close(loop.time(), wait_s)
            raise VenueRefused(
                f"{url} answered {answer.status}; asking again in {wait_s:.0f} s",
                status=answer.status,
                retry_after_s=wait_s,
            )
        return answer

    async def send(self, verb: str, url: str, headers: dict[str, str], shown: str) -> Answer:
        """Return the venue's answer, whatever its status: who sends orders obeys 418 and 429 by its own budget.

        `shown` stands for the request in errors, whose address may hold a signature. Raises VenueUnreachable.
        """
        assert self._session is not None, "send within `async with client:`"
        self.requests += 1
        try:
            async with self._session.request(verb, URL(url, encoded=True), headers=headers) as response:
                body = await _read_bounded(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, response.content_type, body, names)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VenueUnreachable(f"{shown}: {type(error).__name__}, no answer in time") from None


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, at most BODY_BYTES_MAX of it: a longer one is no answer to anything we ask."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise aiohttp.ClientPayloadError(f"a body of more than {BODY_BYTES_MAX} bytes")
    return b"".join(parts)
