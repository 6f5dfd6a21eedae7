"""Logs: structlog for our own lines and the libraries' alike, one chain, one renderer, nothing secret.

`configure_logging` returns the `Logs` of the process. Every line goes through the same steps: level, UTC time in
nanoseconds, repeats limited, tracebacks as text, secrets masked, rendered for people or as JSON, written to stderr or
to a file that rotates. Nothing here belongs on an event's path: what happens to orders is in the journal.
"""

import logging
import logging.handlers
import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from daemon.repeats import COUNT_FIELD, TEMPLATE_FIELD, RepeatLimiter
from daemon.scrub import Scrubber

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]

BURST = 10
WINDOW_NS = 10_000_000_000
# Their INFO and DEBUG print requests with headers, keys and signatures among them.
CHATTY = ("aiohttp", "aiosqlite", "asyncio", "ccxt", "urllib3", "websockets")
_FRONT = ("timestamp", "level", "logger", "event")
_MULTILINE = ("exception", "stack")


class Logs:
    """The process's logging: what may be asked of it once it runs."""

    def __init__(self, sink: logging.Handler, scrubber: Scrubber, repeats: RepeatLimiter) -> None:
        """Hold the parts, and what was before; `configure_logging` makes them."""
        self._sink = sink
        self._scrubber = scrubber
        self._repeats = repeats
        self._before = (structlog.get_config(), list(logging.getLogger().handlers), logging.getLogger().level)

    def register_secret(self, secret: str) -> None:
        """Mask `secret` wherever it may turn up from now on."""
        self._scrubber.register(secret)

    def tell_repeats(self, *, everything: bool = False) -> None:
        """Say how often messages came that were held back; to be called every second or so."""
        log = structlog.get_logger("tickerd")
        for level, words, count in self._repeats.overdue(everything=everything):
            number = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
            event = f"repeated {count:,} times: {words}"
            log.log(number, event, **{COUNT_FIELD: count})

    def close(self) -> None:
        """Say what was held back, close the file and leave logging as it was found."""
        global _running  # noqa: PLW0603 - logging is one for the whole process
        if _running is not self:
            return
        _running = None
        self.tell_repeats(everything=True)
        config, handlers, level = self._before
        structlog.configure(**config)
        logging.captureWarnings(False)
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        self._sink.close()


_running: Logs | None = None


class LogFile(logging.handlers.RotatingFileHandler):
    """A file of at most `max_bytes`, with `keep` older ones. A disk that is full costs lines, never the daemon."""

    def __init__(self, file: Path, max_bytes: int, keep: int) -> None:
        """Open `file`, its folder made if need be. Raises OSError."""
        file.parent.mkdir(parents=True, exist_ok=True)
        # With no older files kept, RotatingFileHandler would never rotate at all: keep one.
        super().__init__(
            file, maxBytes=max_bytes, backupCount=max(1, keep), encoding="utf-8", errors="backslashreplace"
        )
        self.lost = 0

    def _open(self) -> TextIOWrapper:
        """Open the file for its owner only: it tells what is traded."""
        file = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return TextIOWrapper(os.fdopen(file, "ab"), encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Count a line that could not be written; the first is told."""
        self._lose(sys.exc_info()[1])

    def close(self) -> None:
        """Close the file; what a full disk did not take is lost."""
        try:
            super().close()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: object) -> None:
        """Count a loss; the first is told."""
        self.lost += 1
        if self.lost == 1:
            sys.stderr.write(f"tickerd: cannot write the log {self.baseFilename}: {error}; the session goes on\n")


class _Foreign(logging.Handler):
    """Takes what libraries log with the standard library into our chain."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record as our own."""
        try:
            fields: dict[str, object] = {TEMPLATE_FIELD: str(record.msg)}
            if record.exc_info and record.exc_info[0] is not None:
                fields["exc_info"] = record.exc_info
            structlog.get_logger(record.name).log(record.levelno, record.getMessage(), **fields)
        except Exception:  # noqa: BLE001 - a library's broken call must not end what it was doing
            self.handleError(record)


class _Sink:
    """structlog's last station: hands rendered lines to a handler of the standard library, which locks and rotates."""

    def __init__(self, handler: logging.Handler, name: str) -> None:
        """Write to `handler` what the logger `name` says."""
        self._handler = handler
        self.name = name

    def write(self, line: str) -> None:
        """Write one line, or more where there is a traceback."""
        self._handler.handle(logging.makeLogRecord({"msg": line}))

    msg = debug = info = warning = warn = error = critical = exception = fatal = log = write


def configure_logging(
    level: Level = "info",
    format: Format = "auto",  # noqa: A002 - the name of the setting
    file: Path | None = None,
    max_bytes: int = 64 << 20,
    keep: int = 5,
    *,
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
    clock_ns: Callable[[], int] = time.time_ns,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> Logs:
    """Log to `file`, or to `stream` (default stderr) without one. Raises OSError if the file cannot be opened.

    `auto` is for people on a terminal, JSON everywhere else. Called again, it closes what it made before.
    """
    global _running  # noqa: PLW0603 - logging is one for the whole process
    stream = stream or sys.stderr
    terminal = file is None and stream.isatty()
    handler = LogFile(file, max_bytes, keep) if file is not None else logging.StreamHandler(stream)
    if _running is not None:
        _running.close()
    scrubber, repeats = Scrubber(), RepeatLimiter(BURST, WINDOW_NS, monotonic_ns)
    for secret in secrets:
        scrubber.register(secret)
    logs = _running = Logs(handler, scrubber, repeats)
    for_people = format == "console" or (format == "auto" and terminal)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            repeats,
            _stamp(clock_ns),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            lambda _logger, _method, fields: scrubber.fields(fields),
            *_renderers(for_people=for_people, colours=terminal),
            # Once more over the whole line, for what took shape only when it was rendered.
            lambda _logger, _method, line: scrubber.without_values(str(line)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: _Sink(handler, str(names[0]) if names else "tickerd"),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(threshold)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.captureWarnings(True)
    return logs


def _stamp(clock_ns: Callable[[], int]) -> Processor:
    """Return the processor that adds who says it and when: UTC, ISO 8601, nanoseconds."""

    def stamp(logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
        now_ns = clock_ns()
        seconds = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
        fields["timestamp"] = f"{seconds:%Y-%m-%dT%H:%M:%S}.{now_ns % 1_000_000_000:09}Z"
        fields["logger"] = logger.name
        return fields

    return stamp


def _renderers(*, for_people: bool, colours: bool) -> list[Processor]:
    """Return what makes a line of text of the fields."""
    if for_people:
        plain = structlog.dev.plain_traceback  # rich's tracebacks print local variables, keys among them
        return [_printable, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain, sort_keys=False)]
    return [_json]


def _printable(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Escape what would command a terminal or begin a false line; tracebacks keep their own lines."""
    for name, value in fields.items():
        if isinstance(value, str) and not value.isprintable():
            kept = "\n\t" if name in _MULTILINE else ""
            fields[name] = "".join(
                c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in value
            )
    return fields


def _json(_logger: WrappedLogger, _method: str, fields: EventDict) -> str:
    """Return one JSON object, what every line has in front."""
    front = {name: fields.pop(name) for name in _FRONT if name in fields}
    return msgspec.json.encode(front | dict(fields)).decode()
