"""The venue's dead-man timer: it cancels what works in a symbol when nothing was heard of us for so long."""

import asyncio

from connectors.base import ClockNs
from connectors.binance.trading.asking.transport import Asker
from connectors.binance.trading.replies import Question
from connectors.binance.trading.requests import Rare, Target
from connectors.binance.trading.session import TradingSession
from connectors.binance.trading.settings import TradingSettings
from core.codec import KIND_OF
from core.events import DeadManChanged

_COUNTDOWN = Target("", "POST", "/fapi/v1/countdownCancelAll", 10)


class DeadMan:
    """Arms the timer of every symbol; tells once for each that it cannot be armed, and once that it is again."""

    def __init__(self, settings: TradingSettings, asker: Asker, session: TradingSession, clock_ns: ClockNs) -> None:
        """Have armed nothing."""
        self._settings = settings
        self._asker = asker
        self._session = session
        self._clock_ns = clock_ns
        self.until_ns: dict[str, int] = {}  # when each symbol's timer runs out, by its last arming
        self._unarmed: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """What is not armed, and why; empty when everything is."""
        return "; ".join(f"the dead-man timer of {symbol} is not armed: {why}" for symbol, why in self._unarmed.items())

    async def arm(self) -> None:
        """Arm every symbol anew, side by side: one that gets no answer must not let the others' timers run out."""
        instruments = self._session.instruments.items()
        await asyncio.gather(*(self._arm(index, rules.symbol) for index, rules in instruments))

    async def _arm(self, index: int, symbol: str) -> None:
        """Arm the timer of one symbol; tell what changed."""
        params = {"symbol": symbol, "countdownTime": str(int(self._settings.dead_man_s * 1000))}
        asked_ns = self._clock_ns()
        reply = await self._asker.reply(Question(Rare(_COUNTDOWN, params, self._settings.recv_window_ms)))
        was_armed = symbol not in self._unarmed
        if reply.ok:
            self._unarmed.pop(symbol, None)
            self.until_ns[symbol] = asked_ns + int(self._settings.dead_man_s * 1e9)
        else:
            self._unarmed[symbol] = reply.reason
        if reply.ok is not was_armed:
            change = DeadManChanged(venue=self._settings.venue, armed=reply.ok, reason=reply.reason[:300])
            event = (KIND_OF[DeadManChanged], 0, index, self._clock_ns(), 0, change, 0, 0, 0, 0)
            self._session.desk.events.append(event)
