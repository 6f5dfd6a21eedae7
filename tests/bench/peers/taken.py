"""What one of our scenarios says of itself."""

from typing import NotRequired, TypedDict

from tests.bench.peers.engines.scenario import Timed


class Taken(TypedDict):
    """What a scenario took, and what came of its orders."""

    events: int
    orders: int
    took: Timed
    fills: NotRequired[int]
    position: NotRequired[int]
