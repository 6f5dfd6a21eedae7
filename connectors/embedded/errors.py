"""Every error that the embedded venue raises at its user; requests of clients are answered, not raised.

EmulatorError
├── RecordingError   a recorded file cannot be served as it is
├── SettingsError    the settings contradict each other or leave nothing to serve
└── ListenError      the port cannot be listened on
"""


class EmulatorError(Exception):
    """Root of this package's errors."""


class RecordingError(EmulatorError):
    """A file does not hold lines of `<receive time, ns> <frame>`, or not enough of them to be served."""


class SettingsError(EmulatorError):
    """The settings contradict each other or leave nothing to serve."""


class ListenError(EmulatorError):
    """The address cannot be listened on."""
