"""What may not be opened: instruments that are frozen, venues that are not reconciled, or anything at all.

The gate asks here before its checks, and only while anything is held back. Cancels always pass; so do orders that only
reduce a position, except in an instrument that is paused because the venue refuses whatever is sent.
"""

from core.effects import Alert, Effect, FreezeChanged, Severity
from core.records import NO_INSTRUMENT

FROZEN, HALTED, RECONCILING, PAUSED = "FROZEN", "HALTED", "RECONCILING", "PAUSED"


class Freezes:
    """The reasons why something may not be opened; empty, and free to ask, in a session without reconciliation."""

    __slots__ = ("active", "halted", "instruments", "paused", "venues")

    def __init__(self) -> None:
        """Hold nothing back."""
        self.active = False
        """Whether anything is held back at all."""
        self.halted = ""
        self.instruments: dict[int, str] = {}
        self.venues: dict[str, str] = {}
        self.paused: dict[int, int] = {}

    def breach(self, instrument: int, venue: str, *, reduces: bool, now_ns: int) -> tuple[str, str] | None:
        """Return (code, what a person is told) where an order may not pass, None where it may."""
        if now_ns < self.paused.get(instrument, 0):
            return PAUSED, "the venue refused order after order here: look at its reasons, it is tried again soon"
        if reduces:
            return None
        if self.halted:
            return HALTED, f"trading is halted ({self.halted}): see to it, then give the command `release`"
        if venue in self.venues:
            return RECONCILING, f"{venue} is not reconciled ({self.venues[venue]}): wait, or cancel and reduce"
        if instrument in self.instruments:
            return FROZEN, f"the instrument is frozen ({self.instruments[instrument]}): compare with the venue"
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
        self._look()

    def pause(self, instrument: int, until_ns: int) -> None:
        """Hold back every order of an instrument until then."""
        self.paused[instrument] = until_ns
        self.active = True

    def wake(self, now_ns: int) -> None:
        """Forget the pauses that are over."""
        self.paused = {index: until_ns for index, until_ns in self.paused.items() if now_ns < until_ns}
        self._look()

    def take(self, change: FreezeChanged) -> None:
        """Follow a change that was made elsewhere."""
        if change.instrument == NO_INSTRUMENT:
            self.halted = change.reason if change.frozen else ""
        elif change.frozen:
            self.instruments.setdefault(change.instrument, change.reason)
        else:
            self.instruments.pop(change.instrument, None)
        self._look()

    def restore(self, halted: str, instruments: dict[int, str]) -> None:
        """Hold back what was held back before a restart."""
        self.halted, self.instruments = halted, dict(instruments)
        self._look()

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
        self._look()

    def _look(self) -> None:
        self.active = bool(self.halted or self.instruments or self.venues or self.paused)
