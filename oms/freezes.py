"""What may not be opened: instruments that are frozen, venues that are not reconciled, or anything at all.

The gate asks here before its checks, and only while anything is held back. Cancels always pass; so do orders that only
reduce a position, except in an instrument that is paused because the venue refuses whatever is sent.
"""

from core.effects import Alert, Effect, FreezeChanged, Severity
from core.instruments import Instrument
from core.records import NO_INSTRUMENT
from oms.latches import Latches

FROZEN, HALTED, RECONCILING, PAUSED = "FROZEN", "HALTED", "RECONCILING", "PAUSED"
COOL_DOWN = "COOL_DOWN"


class Freezes:
    """The reasons why something may not be opened; empty, and free to ask, in a session without reconciliation."""

    __slots__ = ("active", "cooling", "halted", "instruments", "latches", "paused", "venues")

    def __init__(self) -> None:
        """Hold nothing back."""
        self.active = False
        """Whether anything is held back at all."""
        self.latches = Latches()
        """What a person or a breaker stopped; call `look` after a change."""
        self.halted = ""
        self.instruments: dict[int, str] = {}
        self.venues: dict[str, str] = {}
        self.paused: dict[int, int] = {}
        self.cooling: dict[tuple[str, int], int] = {}
        """Until when a strategy may not enter an instrument that it was taken out of; call `look` after a change."""

    def breach(
        self, index: int, instrument: Instrument, strategy_id: str, *, reduces: bool, now_ns: int
    ) -> tuple[str, str] | None:
        """Return (code, what a person is told) where an order may not pass, None where it may."""
        stopped = self.latches.breach(instrument, strategy_id, reduces=reduces)
        if stopped is not None:
            return stopped
        if now_ns < self.paused.get(index, 0):
            return PAUSED, "the venue refused order after order here: look at its reasons, it is tried again soon"
        if reduces:
            return None
        if now_ns < self.cooling.get((strategy_id, index), 0):
            why = "its position here was closed by its exits, or is being closed"
            return COOL_DOWN, f"{why}: it may enter again after cool_down_s of [strategies.exits]"
        if self.halted:
            return HALTED, f"trading is halted ({self.halted}): see to it, then give the command `tickerd release`"
        if instrument.venue in self.venues:
            why = self.venues[instrument.venue]
            return RECONCILING, f"{instrument.venue} is not reconciled ({why}): wait, or cancel and reduce"
        if index in self.instruments:
            return FROZEN, f"the instrument is frozen ({self.instruments[index]}): compare with the venue"
        return None

    def freeze(self, instrument: int, reason: str, effects: list[Effect]) -> None:
        """Freeze an instrument and say so; one that is frozen keeps its first reason."""
        if instrument in self.instruments:
            return
        self.instruments[instrument] = reason
        self._say(instrument, True, reason, effects)
        effects.append(Alert(severity=Severity.ERROR, code=FROZEN, message=reason, instrument=instrument))

    def release(self, instrument: int, reason: str, effects: list[Effect]) -> None:
        """Release an instrument and say so."""
        if instrument in self.instruments:
            del self.instruments[instrument]
            self._say(instrument, False, reason, effects)

    def halt(self, reason: str, effects: list[Effect]) -> None:
        """Halt everything and say so; a halt keeps its first reason."""
        if self.halted:
            return
        self.halted = reason
        self._say(NO_INSTRUMENT, True, reason, effects)
        effects.append(Alert(severity=Severity.ERROR, code=HALTED, message=reason))

    def resume(self, reason: str, effects: list[Effect]) -> None:
        """End a halt and say so."""
        if self.halted:
            self.halted = ""
            self._say(NO_INSTRUMENT, False, reason, effects)

    def block(self, venue: str, reason: str) -> None:
        """Hold back what opens at a venue that is not reconciled."""
        self.venues[venue] = reason
        self.active = True

    def unblock(self, venue: str) -> None:
        """Let a venue's orders pass again."""
        self.venues.pop(venue, None)
        self.look()

    def pause(self, instrument: int, until_ns: int) -> None:
        """Hold back every order of an instrument until then."""
        self.paused[instrument] = until_ns
        self.active = True

    def wake(self, now_ns: int) -> None:
        """Forget the pauses that are over."""
        self.paused = {index: until_ns for index, until_ns in self.paused.items() if now_ns < until_ns}
        self.look()

    def take(self, change: FreezeChanged) -> None:
        """Follow a change that was made elsewhere."""
        if change.instrument == NO_INSTRUMENT:
            self.halted = change.reason if change.frozen else ""
        elif change.frozen:
            self.instruments.setdefault(change.instrument, change.reason)
        else:
            self.instruments.pop(change.instrument, None)
        self.look()

    def restore(self, halted: str, instruments: dict[int, str]) -> None:
        """Hold back what was held back before a restart."""
        self.halted, self.instruments = halted, dict(instruments)
        self.look()

    def restored(self, effects: list[Effect]) -> None:
        """Say what the session before left held back: who starts a daemon must not have to look for it."""
        self.look()
        if self.halted:
            why = f"still halted since the session before ({self.halted}): see to it, then `tickerd release`"
            effects.append(Alert(severity=Severity.ERROR, code=HALTED, message=why))
        for index, reason in sorted(self.instruments.items()):
            why = f"still frozen since the session before ({reason}): compare with the venue, then `tickerd release`"
            effects.append(Alert(severity=Severity.ERROR, code=FROZEN, message=why, instrument=index))
        for scope, latch in sorted(self.latches.held.items()):
            why = f"{scope} is still stopped since the session before ({latch.reason}): see to it, then `tickerd arm`"
            effects.append(Alert(severity=Severity.ERROR, code="LATCHED", message=why))

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [
            self.halted,
            sorted(self.instruments.items()),
            sorted(self.venues.items()),
            sorted(self.paused.items()),
        ]

    def _say(self, instrument: int, frozen: bool, reason: str, effects: list[Effect]) -> None:
        effects.append(FreezeChanged(instrument=instrument, frozen=frozen, reason=reason))
        self.look()

    def look(self) -> None:
        """See whether anything is held back."""
        kept = self.halted or self.instruments or self.venues or self.paused or self.latches.held
        self.active = bool(kept or self.cooling)
