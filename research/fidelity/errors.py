"""What can go wrong with a comparison."""

from core.errors import CoreError


class FidelityError(CoreError):
    """Root of this package's errors; the text says what to do next."""


class RecordingUnusable(FidelityError):
    """A recording that is too short, or whose book is lost on the way."""


class PeerFailed(FidelityError):
    """hftbacktest is not installed where it was looked for, or its run ended early."""


class PageBroken(FidelityError):
    """The page lacks the marks between which tables are written."""
