"""What a pull of the guard leaves beside the account's lease: a word that blocks orders at once, a kill to take over.

The word is 8 bytes that both processes have mapped: the number of the pull that no daemon has latched yet, 0 without.
The daemon looks at it before each order leaves, so that it blocks even a daemon that was frozen between two orders and
wakes, before anything has told it. The kill is a command as the daemon's early ones: who starts next carries it out.
"""

import contextlib
import mmap
import os
from pathlib import Path
from typing import Self

import msgspec

from core.commands import KILL
from core.events import CommandReceived
from core.scopes import ALL
from daemon.errors import StartFailed
from journal.folders import sync_folder

WORD_NAME = "guard.word"
KILL_NAME = "guard-kill.json"
ARMED_NAME = "guard.armed"
PULL = "pull"
"""The argument of the kill that holds the pull's number."""
_SIZE = 8
_NONE = bytes(_SIZE)

_decode = msgspec.json.Decoder(CommandReceived).decode


class GuardLatch:
    """Both, in one account's folder."""

    def __init__(self, folder: Path, word: mmap.mmap) -> None:
        """Use `open`."""
        self._kill = folder / KILL_NAME
        self._armed = folder / ARMED_NAME
        self._word = word

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the word, made where there is none. Raises StartFailed."""
        path = folder / WORD_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if os.fstat(fd).st_size < _SIZE:
                    os.ftruncate(fd, _SIZE)
                word = mmap.mmap(fd, _SIZE)
            finally:
                os.close(fd)
        except OSError as error:
            raise StartFailed(f"cannot map {path}: {error}; check [live] root") from error
        return cls(folder, word)

    @property
    def number(self) -> int:
        """The pull that blocks, 0 without."""
        return int.from_bytes(self._word[:], "little")

    def blocks(self) -> bool:
        """Whether a pull blocks: looked at before each order leaves."""
        return self._word[:] != _NONE

    def block(self, number: int) -> None:
        """Let no order leave from here on."""
        self._word[:] = number.to_bytes(_SIZE, "little")

    def keep(self, kill: CommandReceived) -> None:
        """Put the kill on the disk for the daemon that starts next, whole or not at all. Raises OSError."""
        fresh = self._kill.with_name(f".{KILL_NAME}")
        with fresh.open("wb") as file:
            fresh.chmod(0o600)
            file.write(msgspec.json.encode(kill))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._kill)
        sync_folder(self._kill.parent)
        self._word.flush()

    def left(self) -> CommandReceived | None:
        """Return the kill that is on the disk. Raises StartFailed where it does not read."""
        try:
            return _decode(self._kill.read_bytes())
        except FileNotFoundError:
            if not self.number:
                return None
            why = "the guard pulled, and could not write down why"
            return CommandReceived(name=KILL, scope=ALL, source="guard:word", reason=why, args={PULL: str(self.number)})
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StartFailed(
                f"{self._kill} does not read: {error}; the guard killed trading, and says there why: remove it, then "
                "give `tickerd kill` once the daemon is READY"
            ) from error

    def armed(self, session: str) -> None:
        """Note whom the guard watches, for the next guard. Raises OSError."""
        self._armed.write_text(session, encoding="utf-8")

    def disarmed(self) -> None:
        """Note that nobody needs to be watched. Raises OSError."""
        self._armed.unlink(missing_ok=True)

    def was_armed(self) -> str:
        """Return whom a guard that did not end in order watched, empty for nobody."""
        try:
            return self._armed.read_text(encoding="utf-8")[:200]
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    def latched(self, number: int) -> None:
        """Forget a pull that the daemon's journal holds; a later one stays. Raises OSError.

        The word goes first, at once: the guard may pull again while the disk is waited for, and that word must stay.
        """
        if self.number > number:
            return
        self.block(0)
        self.forget()

    def forget(self) -> None:
        """Have no kill on the disk. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            self._kill.unlink()
            sync_folder(self._kill.parent)


def pull_of(kill: CommandReceived) -> int:
    """Return the number of the pull that a kill is of, 0 for one that is of none."""
    number = kill.args.get(PULL, "")
    return int(number) if number.isdecimal() else 0
