"""What Tidemill says of itself: plain lines on a terminal, JSON elsewhere, never a secret."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, TextIO

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")
_SECRET_KEY = re.compile(r"secret|token|passw|authorization|api[-_]?key|credential", re.IGNORECASE)


def set_up_logging(*, level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records to one stream.

    Args:
        level: debug, info, warning or error.
        log_format: text, json, or auto for text on a terminal.
        stream: Standard error if left out.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_secrets,
    ]
    as_json = log_format == "json" or (log_format == "auto" and not stream.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(as_json=as_json, colors=stream.isatty()))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """The record with passwords in URLs and values under telling names covered."""
    return {k: "***" if _SECRET_KEY.search(k) else covered(v) if isinstance(v, str) else v for k, v in event.items()}


def covered(text: str) -> str:
    """A text with the passwords in its URLs covered."""
    return _PASSWORD_IN_URL.sub(r"\1:***@", text)


def _last(*, as_json: bool, colors: bool) -> list[Processor]:
    """How a record is written; a traceback without local variables, which may be secrets."""
    if as_json:
        return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
    ]
