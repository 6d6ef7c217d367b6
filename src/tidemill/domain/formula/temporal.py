"""Dates and times written as text, read as DuckDB reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from tidemill.domain.table_schema import ColumnType

_DATE = re.compile(r"\s*(\d{1,6})([-/ \\])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)
_TIME = re.compile(r"[\sT]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?(Z|\sUTC|[+-]\d{2}(?::?\d{2}(?::\d{2})?)?)?\s*)?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)


def iso_type(text: str) -> ColumnType | None:
    """What a text is the ISO form of: a date, a timestamp (with or without zone), or None."""
    if _ISO.fullmatch(text) is None or read_temporal(text, ColumnType.TIMESTAMPTZ) is None:
        return None
    if len(text) == len("2024-01-31"):
        return ColumnType.DATE
    return ColumnType.TIMESTAMPTZ if re.search(r"(Z|[+-]\d{2}:?\d{2})$", text[10:]) else ColumnType.TIMESTAMP


def read_temporal(text: str, to: ColumnType) -> date | datetime | None:
    """The date or time that a text stands for, None if it stands for none.

    A date is what the text begins with. A timestamp without a time is midnight; without a zone it is taken as UTC, and where the
    zone has no place (`TIMESTAMP`) it is left away.
    """
    day = _DATE.match(text)
    if day is None:
        return None
    try:
        on = date(int(day[1]), int(day[3]), int(day[4]))
        if to is ColumnType.DATE:
            return on
        return _moment(on, text[day.end() :], to)
    except (ValueError, OverflowError):
        return None


def _moment(on: date, rest: str, to: ColumnType) -> datetime | None:
    clock = _TIME.fullmatch(rest or " 0:0")
    if clock is None:
        return None
    hour, minute, second, fraction, zone = clock.groups()
    whole_day = (hour, int(minute), int(second or 0), int(fraction or 0)) == ("24", 0, 0, 0)
    moment = datetime(
        on.year, on.month, on.day, 0 if whole_day else int(hour), int(minute), int(second or 0), int((fraction or "0")[:6].ljust(6, "0"))
    )
    moment += timedelta(days=whole_day)
    if to is ColumnType.TIMESTAMP:
        return moment
    return (moment - _offset(zone)).replace(tzinfo=UTC)


def _offset(zone: str | None) -> timedelta:
    """How far a zone is ahead of UTC."""
    if zone is None or zone.strip() in ("Z", "UTC"):
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(6, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return -offset if zone[0] == "-" else offset
