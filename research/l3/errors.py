"""What can go wrong with market-by-order data."""

from core.errors import CoreError


class L3Error(CoreError):
    """Root of this package's errors; the text says what to do next."""


class RecordingUnreadable(L3Error):
    """A file that is no market-by-order recording, or one that ends within an event."""


class BookBroken(L3Error):
    """Orders that cannot be: the recording lacks records, or it is read by the wrong rules."""


class StudyImpossible(L3Error):
    """A recording in which nothing can be asked: no continuous trading, or too little of it."""
