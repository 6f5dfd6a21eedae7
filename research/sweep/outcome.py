"""What may come of one combination."""

import msgspec

from research.sweep.figures import Figures


class Refused(msgspec.Struct, frozen=True):
    """A combination that the strategy does not take, and why."""

    reason: str


class Failed(msgspec.Struct, frozen=True):
    """A combination whose run ended before its data did, and why."""

    reason: str


Outcome = Figures | Refused | Failed
