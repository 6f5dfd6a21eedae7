"""What an operator commands before the account's state is known: carried out once it is, by this start or the next.

On empty books a command would do nothing, and what is carried over would undo it. Those that stop trading, and the word
that lets it go on, are on the disk, beside the lease, before the operator is answered: a start that fails, or dies,
leaves them to the next one, which journals them like any command. The others are forgotten with their start.
"""

import os
from pathlib import Path

import msgspec
import structlog

from core.commands import ARM, FLATTEN, HALT, KILL, STOP_ENTRY
from core.events import CommandReceived
from daemon.errors import StartFailed
from daemon.live.latch import GuardLatch, pull_of
from journal.folders import sync_folder

FILE_NAME = "early-commands.json"
LASTING = frozenset((KILL, HALT, STOP_ENTRY, FLATTEN, ARM))
"""What is kept for the next start. FLATTEN stops entry, and closes what the next start finds."""

log = structlog.get_logger("tickerd")

_decode = msgspec.json.Decoder(list[CommandReceived]).decode


class EarlyCommands:
    """The commands that wait. Without a folder (paper: the next session begins with nothing) in memory alone."""

    def __init__(self, folder: Path | None, latch: GuardLatch | None = None) -> None:
        """Find what starts before this one left, and what the guard did while no daemon lived. Raises StartFailed."""
        self._path = None if folder is None else folder / FILE_NAME
        self._latch = latch
        self._waiting = self._left()
        self.pull = 0
        """The number of the guard's pull that is among what waits, or was; 0 for none."""
        if latch is not None and (kill := latch.left()) is not None:
            self.pull = pull_of(kill)
            self._waiting.append(kill)
        self._inherited = len(self._waiting)

    def add(self, command: CommandReceived) -> str:
        """Let a command wait; return what the operator is told."""
        self._waiting.append(command)
        told = "EARLY: the daemon is starting: carried out as soon as the account's state is known"
        if self._path is None:
            return told
        if command.name not in LASTING:
            return f"{told}; forgotten if the start fails"
        try:
            self._keep([each for each in self._waiting if each.name in LASTING])
        except OSError as error:
            log.error("an early command is in memory alone", command=command.name, reason=str(error))  # noqa: TRY400
            return f"{told}; {self._path} could not be written ({error.strerror}): give it again if the start fails"
        return f"{told}; if this start fails, by the next one"

    def take(self) -> list[CommandReceived]:
        """Return what waits, in its order, to be carried out now; say `done` once it is journaled."""
        waiting, self._waiting = self._waiting, []
        for command in waiting[: self._inherited]:
            log.warning(
                "left by a start that failed, or by the guard: carried out now", command=command.name, by=command.source
            )
        return waiting

    def done(self) -> None:
        """Forget what is on the disk. Raises StartFailed."""
        if self._path is None:
            return
        try:
            if self._latch is not None:
                self._latch.latched(self.pull)
            if not self._path.exists():
                return
            self._path.unlink()
            sync_folder(self._path.parent)
        except OSError as error:
            raise StartFailed(
                f"cannot remove {self._path}: {error}; its commands are carried out, and would be again: remove it"
            ) from error

    def _keep(self, commands: list[CommandReceived]) -> None:
        """Put them on the disk, whole or not at all. Raises OSError."""
        assert self._path is not None
        fresh = self._path.with_name(f".{FILE_NAME}")
        with fresh.open("wb") as file:
            fresh.chmod(0o600)
            file.write(msgspec.json.format(msgspec.json.encode(commands)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_folder(self._path.parent)

    def _left(self) -> list[CommandReceived]:
        """Return what is on the disk."""
        if self._path is None or not self._path.exists():
            return []
        try:
            return _decode(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StartFailed(
                f"{self._path} does not read: {error}; it holds commands that stop trading: put it right, "
                "or remove it and give them again once the daemon is READY"
            ) from error
