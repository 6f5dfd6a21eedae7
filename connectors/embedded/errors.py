"""Every error that the embedded venue raises.

EmulatorError
├── RecordingError   a recorded file cannot be served as it is
├── SettingsError    the settings contradict each other or leave nothing to serve
├── ListenError      the port cannot be listened on
└── RequestError     a client's REST request; it becomes an error body, and nothing else
"""


class EmulatorError(Exception):
    """Root of this package's errors."""


class RecordingError(EmulatorError):
    """A file does not hold lines of `<receive time, ns> <frame>`, or not enough of them to be served."""


class SettingsError(EmulatorError):
    """The settings contradict each other or leave nothing to serve."""


class ListenError(EmulatorError):
    """The address cannot be listened on."""


class RequestError(EmulatorError):
    """A request that is answered with an error body, `{"code":-1121,"msg":"Invalid symbol."}`, and an HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400, retry_after_s: int = 0, data: object = None) -> None:
        """Carry what the answer says; `retry_after_s` goes with 429 and 418, `data` with what failed in part."""
        super().__init__(message)
        self.data = data
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
