"""What the guard knows and when it pulls. Pure: times, numbers and what happened are handed in.

Silence counts only while the guard itself ran: a machine that stood still for a second, with both of us on it, says
nothing about the daemon.
"""

import enum

import msgspec

from core.scopes import ALL


class GuardState(enum.StrEnum):
    """Where the guard stands."""

    IDLE = "IDLE"  # nobody to watch: no daemon has said that it trades
    ARMED = "ARMED"  # a daemon beats
    CANCELLING = "CANCELLING"  # pulled: not everything is known to be cancelled
    VERIFIED = "VERIFIED"  # pulled: the venues show nothing open; no daemon has taken the latch over yet


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One decision to cancel everything in a scope. `number` grows, over restarts as well: it is a time."""

    number: int
    source: str
    reason: str
    scope: str = ALL


class Watch:
    """The state machine of one guard."""

    def __init__(self, patience_ns: int, tick_ns: int) -> None:
        """Watch nobody. `on_time` will be called each `tick_ns`; what it is late by is not the daemon's silence."""
        self.pull: Pull | None = None
        """The last one, until a daemon has latched it."""
        self.clearing = False
        self.session = ""
        self.silent_ns = 0
        self.wanted = 0
        """How many clearings were wanted so far."""
        self._last = -1  # the highest number of a pull, here or of one that a daemon has latched
        self._patience_ns = patience_ns
        self._slice_ns = 2 * tick_ns
        self._looked_ns: int | None = None

    @property
    def state(self) -> GuardState:
        """Where it stands."""
        if self.clearing:
            return GuardState.CANCELLING
        if self.pull is not None:
            return GuardState.VERIFIED
        return GuardState.ARMED if self.session else GuardState.IDLE

    def beat(self, session: str, *, trades: bool, latched: int = 0) -> bool:
        """Hear the daemon; whether everything is to be cancelled once more: a daemon that had not heard took the latch.

        `trades`: whether it may have orders working. `latched`: the number of the last pull that it latched.
        """
        self.silent_ns = 0
        if trades or self.session:
            self.session = session
        self._last = max(self._last, latched)  # a clock that stepped back must not make the next pull an old one
        if self.pull is None or latched < self.pull.number:
            return False
        self.pull = None
        self.again()  # it may have sent something between its waking and its hearing
        return True

    def farewell(self, working: int, number: int) -> Pull | None:
        """Hear that the session is over; with orders left, cancel them: nobody else watches them from here on."""
        session, self.session = self.session, ""
        if not working or not session:
            return None
        return self.told("guard:farewell", f"{session} ended with {working} orders working", number)

    def told(self, source: str, reason: str, number: int, scope: str = ALL) -> Pull:
        """Pull because somebody says so; while another scope is being cancelled, everything is."""
        number = max(number, self._last + 1)
        if self.pull is not None:
            scope = scope if scope == self.pull.scope else ALL
        self.pull = Pull(number=number, source=source, reason=reason, scope=scope)
        self._last = number
        self.again()
        return self.pull

    def again(self) -> None:
        """Want everything cancelled, once more where it was before."""
        self.clearing = True
        self.wanted += 1

    def expect(self, session: str, grace_ns: int) -> None:
        """Watch a daemon that a guard before this one watched: it has so much longer for its first beat."""
        self.session = session
        self.silent_ns = -grace_ns

    def resume(self, pull: Pull) -> None:
        """Go on with a pull of a guard before this one, which no daemon has latched."""
        self.pull = pull
        self._last = max(self._last, pull.number)
        self.again()

    def on_time(self, now_ns: int) -> Pull | None:
        """See time pass; pull where the daemon was silent for too long."""
        passed_ns = 0 if self._looked_ns is None else now_ns - self._looked_ns
        self._looked_ns = now_ns
        if not self.session:
            return None
        self.silent_ns += max(0, min(passed_ns, self._slice_ns))
        if self.silent_ns <= self._patience_ns:
            return None
        session, self.session = self.session, ""  # it is watched again from its next beat on
        if self.pull is not None and self.pull.scope == ALL:
            return None  # it is blocked, and everything cancelled, already
        silent_ms = self.silent_ns // 1_000_000
        return self.told("guard:silence", f"{session} did not beat for {silent_ms} ms", now_ns)

    def cleared(self, wanted: int) -> None:
        """Hear that nothing is open any more, by clearings that began when so many were wanted."""
        if wanted >= self.wanted:
            self.clearing = False
