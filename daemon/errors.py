"""Every error that `daemon` raises, each with the exit code that the command line gives it.

DaemonError
├── UsageError          2  the command cannot be carried out as asked
│   ├── NobodyAnswers   2  no daemon, or no guard, answers at its socket
│   ├── AccountBusy     2  another daemon trades the account
│   └── SessionOver     2  a command came after the session had ended
├── VerificationFailed  3  a replay left the recorded history
├── StartFailed         5  a venue could not be reached or refused, before trading began
└── JournalStopped      6  the journal could not be written: trading stopped
"""

import enum


class ExitCode(enum.IntEnum):
    """What the process's exit status means."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    VERIFICATION_FAILED = 3
    JOURNAL_DAMAGED = 4
    VENUE_UNREACHABLE = 5
    JOURNAL_STOPPED = 6
    INTERRUPTED = 7


class DaemonError(Exception):
    """Root of this package's errors."""

    exit_code = ExitCode.INTERNAL


class UsageError(DaemonError):
    """The command cannot be carried out as asked; the message says what would work."""

    exit_code = ExitCode.USAGE


class NobodyAnswers(UsageError):
    """No daemon, or no guard, answers at its socket."""


class AccountBusy(UsageError):
    """Another daemon trades the account."""


class SessionOver(UsageError):
    """A command came after the session had ended."""


class VerificationFailed(DaemonError):
    """A replay left the recorded history."""

    exit_code = ExitCode.VERIFICATION_FAILED


class StartFailed(DaemonError):
    """A venue could not be reached, or refused, before trading began."""

    exit_code = ExitCode.VENUE_UNREACHABLE


class JournalStopped(DaemonError):
    """The journal could not be written, so trading stopped; what had been written is intact."""

    exit_code = ExitCode.JOURNAL_STOPPED
