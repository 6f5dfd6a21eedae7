"""What tickerd does about the end of a position by `[strategies.exits]`, whatever its strategy does."""

import msgspec


class ExitChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The guard of one strategy's position began, moved, or closes or has closed it.

    `state`: "guarded" (begun, or its trailing trigger moved), "closing" (a trigger was pulled: `reason`), "closed", and
    "gone" where somebody else closed the position. `sign` is 1 for a long position; `hedge` the side in hedge mode, 0
    in netting mode. `trail` is where the trailing trigger stands, `trigger` what was pulled, both in price units.
    `until_ns`: until then the strategy may not enter again.
    """

    strategy_id: str
    instrument: int
    hedge: int
    state: str
    sign: int
    opened_ns: int
    trail: int
    reason: str = ""
    trigger: int = 0
    until_ns: int = 0
    atr: int = 0
