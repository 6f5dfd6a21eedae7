"""Every error of the state store. None of them concerns trading: the journal has everything that the store has.

StoreError           2  the store cannot do what was asked
├── StoreMissing     2  there is no store file
├── StoreForeign     2  the file is something else
├── StoreTooNew      2  a newer build wrote it
├── StoreLocked      2  another program holds it
├── StoreDamaged     2  SQLite cannot read it: remove it and rebuild
├── StoreFull        1  no space left
└── StoreIOError     1  any other failure of the file system
"""

from daemon.errors import DaemonError, ExitCode


class StoreError(DaemonError):
    """Root of the store's errors; the message says what to do next."""

    exit_code = ExitCode.USAGE


class StoreMissing(StoreError):
    """There is no store file where one was looked for."""


class StoreForeign(StoreError):
    """The file is a database of another program."""


class StoreTooNew(StoreError):
    """The file has a schema that this build does not know."""


class StoreLocked(StoreError):
    """Another program holds the file for longer than anybody should."""


class StoreDamaged(StoreError):
    """SQLite cannot make sense of the file."""


class StoreFull(StoreError):
    """No space is left for the file."""

    exit_code = ExitCode.INTERNAL


class StoreIOError(StoreError):
    """The file system refused to read or write the file."""

    exit_code = ExitCode.INTERNAL
