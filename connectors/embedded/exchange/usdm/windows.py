"""Which part of a history a request asks for: by id, by time, and at most so many. Pure."""

from collections.abc import Callable
from typing import TypeVar

from connectors.embedded import refusals as market_refusals
from connectors.embedded.exchange.usdm.requests import Parameters, integer

Item = TypeVar("Item")

_DEFAULT = 500
_MOST = 1_000


def window(
    items: list[Item],
    parameters: Parameters,
    id_name: str,
    id_of: Callable[[Item], int],
    time_of: Callable[[Item], int],
    *,
    default: int = _DEFAULT,
    most: int = _MOST,
) -> list[Item]:
    """Return the items, oldest first: from an id or a time on the first `limit`, otherwise the latest ones."""
    limit = min(integer(parameters, "limit", default), most)
    begin, end = integer(parameters, "startTime", 0), integer(parameters, "endTime", 2**62)
    if begin > end:
        raise market_refusals.not_valid("startTime")
    found = [item for item in items if begin <= time_of(item) <= end]
    if id_name and parameters.get(id_name):
        first = integer(parameters, id_name)
        return [item for item in found if id_of(item) >= first][:limit]
    return found[:limit] if parameters.get("startTime") else found[len(found) - min(limit, len(found)) :]
