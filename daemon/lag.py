"""How late the loop runs what was due: the time during which nobody could be answered."""

import asyncio

PERIOD_S = 0.1


class LoopLag:
    """The lag that was measured last."""

    def __init__(self) -> None:
        """Have measured nothing."""
        self.ns = 0

    async def watch(self) -> None:
        """Measure again and again, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            self.ns = max(0, int((loop.time() - due) * 1e9))
