"""Keeps one fault, said a million times, from hiding every other and filling the disk: the first few, then a count."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from structlog import DropEvent
from structlog.typing import EventDict, WrappedLogger

KEYS_MAX = 1024
WORDS_MAX = 512
COUNT_FIELD = "repeated"
TEMPLATE_FIELD = "_template"  # the words of a message before its figures were put in


class _Window:
    """What one message did since its window began."""

    __slots__ = ("began_ns", "held", "passed")

    def __init__(self, began_ns: int) -> None:
        """Begin with nothing passed and nothing held back."""
        self.began_ns = began_ns
        self.passed = 0
        self.held = 0


class RepeatLimiter:
    """A structlog processor: lets a message pass `burst` times in a window, counts the rest.

    A message is its level and its words; fields may differ. The count goes with the message when it next passes, as
    `repeated`; `overdue` gives the counts of those that did not come again. At most 1,024 messages are remembered.
    """

    def __init__(self, burst: int, window_ns: int, now_ns: Callable[[], int]) -> None:
        """Read a monotonic clock through `now_ns`."""
        self._burst = burst
        self._window_ns = window_ns
        self._now_ns = now_ns
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._forgotten = 0
        self._lock = threading.Lock()  # libraries log from threads of their own

    def __call__(self, _logger: WrappedLogger, method: str, fields: EventDict) -> EventDict:
        """Pass the message on or raise DropEvent."""
        template, event = str(fields.pop(TEMPLATE_FIELD, "")), str(fields.get("event", ""))
        if COUNT_FIELD in fields:
            return fields
        # A template such as "%s" says nothing of what the message is.
        level, words = str(fields.get("level", method)), (template if " " in template else event)[:WORDS_MAX]
        now_ns = self._now_ns()
        with self._lock:
            window = self._windows.get((level, words))
            if window is None or now_ns - window.began_ns >= self._window_ns:
                window = self._begin(level, words, now_ns, fields)
            if window.passed >= self._burst:
                window.held += 1
                raise DropEvent
            window.passed += 1
        return fields

    def _begin(self, level: str, words: str, now_ns: int, fields: EventDict) -> _Window:
        """Begin a new window; what the one before held back is told with this message."""
        before = self._windows.pop((level, words), None)
        if before is not None and before.held:
            fields[COUNT_FIELD] = before.held
        if len(self._windows) >= KEYS_MAX:
            self._forgotten += self._windows.popitem(last=False)[1].held
        window = self._windows[level, words] = _Window(now_ns)
        return window

    def overdue(self, *, everything: bool = False) -> list[tuple[str, str, int]]:
        """Return (level, words, count) of what was held back in windows that are over, or in all of them."""
        now_ns = self._now_ns()
        with self._lock:
            over = [key for key, w in self._windows.items() if everything or now_ns - w.began_ns >= self._window_ns]
            counts = [(*key, self._windows.pop(key).held) for key in over]
            if self._forgotten:
                counts.append(("warning", "messages of too many kinds to count one by one", self._forgotten))
                self._forgotten = 0
        return [count for count in counts if count[2]]
