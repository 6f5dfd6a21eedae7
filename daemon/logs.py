"""Logs: structlog to a file or stderr."""

import logging
from pathlib import Path

import structlog


def configure_logging(level: str, log_format: str, file: Path | None, max_bytes: int, keep: int) -> None:
    """Log to `file`, or to stderr."""
    import sys

    stream = file.open("a", encoding="utf-8") if file else sys.stderr
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
