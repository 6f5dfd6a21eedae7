"""A daemon as the guard's link needs it."""

import contextlib
from pathlib import Path

from config.settings import Settings
from core.effects import Alert, Severity
from core.events import CommandReceived, LifecycleState
from daemon.app import Daemon
from daemon.errors import SessionOver
from daemon.guard.link import GuardLink
from daemon.guard.protocol import socket_of
from daemon.live.account import Account
from daemon.live.approved import mind_of
from journal.errors import JournalError

_TRADING = {LifecycleState.RECONCILING, LifecycleState.READY, LifecycleState.DRAINING}


class Beating:
    """Answers the link's questions, and takes what it brings."""

    def __init__(self, daemon: Daemon, account: Account) -> None:
        """Ask and command this daemon."""
        self._daemon = daemon
        self._latch = account.latch

    @property
    def trades(self) -> bool:
        """Whether it may have orders working."""
        return self._daemon.engine.lifecycle in _TRADING

    @property
    def working(self) -> int:
        """How many orders work."""
        return self._daemon.engine.manager.open_count

    def command(self, command: CommandReceived) -> list[str]:
        """Let a command in. Raises SessionOver."""
        return self._daemon.command(command)

    def latched(self, pull: int) -> None:
        """Have the journal on the disk, then forget what the guard left. Raises SessionOver, OSError."""
        try:
            self._daemon.journal.flush(durable=True)
        except JournalError as error:
            raise SessionOver(f"the kill is not on the disk: {error}") from error
        self._latch.latched(pull)

    def parted(self) -> None:
        """Note that nobody needs to be watched."""
        with contextlib.suppress(OSError):  # the guard hears it, too; without it the next one asks for a beat in vain
            self._latch.disarmed()

    def tell(self, problem: str) -> None:
        """Show that nobody guards: of the machine, not of the session, so no part of what replays."""
        if problem:
            alert = Alert(severity=Severity.ERROR, code="NO_GUARD", message=problem)
            self._daemon.projection.watch(self._daemon.clock.now_ns(), alert)


def guard_link(daemon: Daemon, settings: Settings, account: Account) -> GuardLink:
    """Return the link to the guard; the session says farewell by it before its seal."""
    path: Path = socket_of(settings.operator.folder, settings.live.account)
    session = daemon.journal.folder.name
    link = GuardLink(path, settings.guard, session, Beating(daemon, account), account.early.pull, mind_of(settings))
    daemon.parting = link.farewell
    daemon.projection.guard = link.seen
    return link
