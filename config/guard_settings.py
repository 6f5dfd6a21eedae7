"""`[guard]`: the process of its own that cancels everything when the daemon stops beating. See docs/guard.md."""

from typing import Annotated

import msgspec
from msgspec import Meta


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the daemon and `tickerd guard` agree on.

    The daemon beats each `beat_ms`, from its event loop. After `patience_ms` without a beat the guard pulls: it cancels
    everything and leaves the kill latch. `warm_s`: how often the guard asks each venue for its time, so that its
    connections stand and its clock is known. `request_timeout_s`: of one request of the guard's. `recheck_s`: how
    often it looks again for open orders after it pulled, until a daemon has taken the latch over.
    """

    enabled: bool = False
    beat_ms: Annotated[int, Meta(ge=5, le=10_000)] = 50
    patience_ms: Annotated[int, Meta(ge=20, le=600_000)] = 300
    warm_s: Annotated[float, Meta(gt=0, le=10)] = 5.0  # idle connections are let go after 15 s
    request_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 2.0
    recheck_s: Annotated[float, Meta(gt=0, le=3_600)] = 5.0
