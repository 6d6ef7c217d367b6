"""Lines that a pipeline prints, as entries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tidemill.domain.run import UtcDatetime
from tidemill.domain.values import FrozenModel

MAX_LINE_BYTES = 64 * 1024
"""Longer lines are cut: enough for any traceback line, small enough to send ten thousand of them to a browser."""
MAX_WHOLE_NUMBER = 2**63 - 1


class LogLevel(StrEnum):
    """How much an entry matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogEvent(StrEnum):
    """What an entry reports of a step."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    RETRY = "retry"


LEVELS = {
    "debug": LogLevel.DEBUG, "info": LogLevel.INFO, "warning": LogLevel.WARNING, "warn": LogLevel.WARNING,
    "error": LogLevel.ERROR, "critical": LogLevel.ERROR, "fatal": LogLevel.ERROR,
}  # fmt: skip
EVENTS = {e.value: e for e in LogEvent}


class LogCursor(FrozenModel):
    """A place in a run's log: everything up to entry `number` was seen."""

    number: Annotated[int, Field(ge=0)] = 0
    """0 for the beginning."""
    offset: Annotated[int, Field(ge=0)] = 0
    """Where entry `number` ends in the backend's own storage; 0 if unknown, then the backend counts from the beginning."""
    at: UtcDatetime | None = None
    """The time of entry `number`, which later lines without a time take over."""


class LogEntry(FrozenModel):
    """One line of a run's log."""

    number: Annotated[int, Field(ge=1)]
    """1-based, without gaps."""
    at: UtcDatetime
    """When it was written; for a line that does not say, the time of the nearest line before it that does."""
    level: LogLevel = LogLevel.INFO
    step: str | None = None
    message: str
    event: LogEvent | None = None
    rows: int | None = None
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    offset: Annotated[int, Field(ge=0)] = 0
    """Where the entry ends in the backend's own storage; 0 if unknown."""

    @property
    def cursor(self) -> LogCursor:
        """The place right after this entry."""
        return LogCursor(number=self.number, offset=self.offset, at=self.at)


def parse_line(line: str, number: int, *, at: datetime, offset: int = 0) -> LogEntry:
    """Read one line of a pipeline's output.

    A JSON object with a text `message` and the keys that generated pipelines write (`time`, `level`, `step`, `event`, `message`,
    `rows`, `seconds`, `peakMemoryBytes`) is taken apart, a value of the wrong type being left out. Any other line is a message as
    it stands.

    Args:
        line: Without its line end.
        number: 1-based.
        at: The entry's time if the line does not say.
        offset: Where the line ends in the backend's own storage.
    """
    said = _log_object(line)
    if said is None:
        return LogEntry(number=number, at=at, message=line, offset=offset)
    step = said.get("step")
    return LogEntry(
        number=number,
        at=_time(said.get("time")) or at,
        level=LEVELS.get(str(said.get("level", "info")).lower(), LogLevel.INFO),
        step=step if isinstance(step, str) and step else None,
        message=str(said["message"]),
        event=EVENTS.get(str(said.get("event"))),
        rows=_whole(said.get("rows")),
        seconds=_seconds(said.get("seconds")),
        peak_memory_bytes=_whole(said.get("peakMemoryBytes")),
        offset=offset,
    )


def _log_object(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and isinstance(said.get("message"), str) else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _whole(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_WHOLE_NUMBER else None


def _seconds(value: object) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value < 1e12 else None  # type: ignore[operator,arg-type]
