"""An answer of market data, before it becomes HTTP or a websocket message."""

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What an endpoint answers, how much request weight it costs, and whose depth was read, if it was."""

    body: object
    weight: int
    depth_of: str = ""
