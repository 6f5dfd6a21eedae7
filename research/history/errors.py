"""Every error that `research.history` raises.

HistoryError
├── BadInput         a source does not hold what it should; says file, line, expected and found
├── BadRecording     recorded frames cannot be read; says the file, the line and what to do
├── BadInstrument    an instrument is not described well enough to count its prices and quantities
├── HistoryExists    the folder is taken
└── NotAHistory      the folder holds something else, or a history that was not written to its end
"""


class HistoryError(Exception):
    """Root of this package's errors; the text says what to do next."""

    exit_code = 2  # of the command line: what was given cannot be used


class BadInput(HistoryError):
    """The first place where a source is not what was promised; nothing of it is kept.

    `line` counts from 1 (rows of arrays and tables too), 0 where the file as a whole is meant.
    """

    def __init__(self, path: object, line: int, *, expected: str, found: str, advice: str = "") -> None:
        """Say where, and what to do."""
        self.path = str(path)
        self.line = line
        self.expected = expected
        self.found = found
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: expected {expected}, found {found}" + (f"; {advice}" if advice else ""))


class BadRecording(HistoryError):
    """What the reader of recorded frames, or of trading rules, had to say."""


class BadInstrument(HistoryError):
    """The description of an instrument lacks something, or contradicts itself."""


class HistoryExists(HistoryError):
    """A history is written once, into a folder of its own."""


class NotAHistory(HistoryError):
    """The folder cannot be read as a history."""
