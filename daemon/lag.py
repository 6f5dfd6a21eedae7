"""How late the loop runs what was due: the time during which nobody could be answered.

Where a breaker asks for it, it is an input of the session: the worst of each second, from the breaker's first step on.
"""

import asyncio
from collections.abc import Callable

from core.events import LoopLagged
from core.records import NO_INSTRUMENT, Event, Kind

PERIOD_S = 0.1
TELL_EVERY_S = 1.0


class LoopLag:
    """The lag that was measured last."""

    def __init__(
        self, from_ns: Callable[[], int | None], now_ns: Callable[[], int], sink: Callable[[list[Event]], None]
    ) -> None:
        """Have measured nothing; tell `sink` of a lag of `from_ns()` or more, nothing where that is None."""
        self.ns = 0
        self._from_ns = from_ns
        self._now_ns = now_ns
        self._sink = sink
        self._worst_ns = 0
        self._next_s = 0.0

    async def watch(self) -> None:
        """Measure again and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            self.measured(max(0, int((loop.time() - due) * 1e9)), loop.time())

    def measured(self, lag_ns: int, at_s: float) -> None:
        """Keep a measure, and tell the worst where it is time."""
        self.ns = lag_ns
        self._worst_ns = max(self._worst_ns, lag_ns)
        if at_s < self._next_s:
            return
        from_ns, worst_ns = self._from_ns(), self._worst_ns
        self._worst_ns = 0  # told or not, it is over: a step that is set later asks for what comes then
        if from_ns is None or worst_ns < from_ns:
            return
        told = LoopLagged(lag_ns=worst_ns)
        self._next_s = at_s + TELL_EVERY_S
        self._sink([(Kind.LAG, 0, NO_INSTRUMENT, self._now_ns(), 0, told, 0, 0, 0, 0)])
