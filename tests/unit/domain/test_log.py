"""Lines of a pipeline's output become entries (P4, P13)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tidemill.domain.log import LogCursor, LogEvent, LogLevel, parse_line

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def parse(line: str):
    return parse_line(line, 7, at=NOON, offset=100)


def test_a_json_line_is_taken_apart():
    said = {
        "time": "2026-03-01T13:00:00.5+01:00", "level": "WARNING", "step": "Load", "event": "finished", "message": "5 rows", "rows": 5,
        "seconds": 0.25, "peakMemoryBytes": 1024,
    }  # fmt: skip
    entry = parse(json.dumps(said))
    assert entry.model_dump() == {
        "number": 7, "at": NOON.replace(microsecond=500_000), "level": LogLevel.WARNING, "step": "Load", "event": LogEvent.FINISHED,
        "message": "5 rows", "rows": 5, "seconds": 0.25, "peak_memory_bytes": 1024, "offset": 100,
    }  # fmt: skip


def test_any_other_line_is_a_message_at_the_given_time():
    entry = parse("Traceback (most recent call last):")
    assert (entry.message, entry.at, entry.level, entry.event) == ("Traceback (most recent call last):", NOON, LogLevel.INFO, None)


@pytest.mark.parametrize("line", ["{", "[1]", '{"a": 1}', '{"message": 5}', "{}", "", "[" * 100_000, '{"a":' * 50_000, "NaN", "null"])
def test_json_that_is_no_log_line_is_a_message(line):
    assert parse(line).message == line


@pytest.mark.parametrize(
    "broken",
    [
        {"rows": "many"}, {"rows": -1}, {"rows": 1.5}, {"rows": True}, {"rows": 10**30}, {"seconds": "slow"}, {"seconds": float("nan")}, {"step": 5},
        {"time": "yesterday"}, {"time": 5}, {"event": "exploded"}, {"level": None}, {"peakMemoryBytes": [1]}, {"time": "0001-01-01T00:00:00+14:00"},
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_left_out(broken):
    plain = parse('{"message": "m"}')
    assert parse(json.dumps({"message": "m"} | broken)) == plain


def test_a_time_without_zone_is_utc():
    assert parse('{"message": "m", "time": "2026-03-01T10:00:00"}').at == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_critical_line_is_an_error():
    assert parse('{"message": "m", "level": "CRITICAL"}').level is LogLevel.ERROR


def test_the_cursor_of_an_entry_is_the_place_after_it():
    assert parse("x").cursor == LogCursor(number=7, offset=100, at=NOON)
