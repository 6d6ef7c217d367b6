"""What Tidemill says of itself: plain or JSON, never a secret."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from tidemill.telemetry import set_up_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def said(log_format: str, **fields: object) -> str:
    stream = io.StringIO()
    set_up_logging(level="info", log_format=log_format, stream=stream)
    structlog.get_logger("test").info("connected", **fields)
    return stream.getvalue()


def test_away_from_a_terminal_a_record_is_one_line_of_json() -> None:
    record = json.loads(said("auto", run="r1"))
    assert (record["event"], record["run"], record["level"]) == ("connected", "r1", "info")


def test_text_is_plain() -> None:
    assert "connected" in said("text", run="r1")
    assert "{" not in said("text", run="r1")


def test_passwords_in_urls_and_values_under_telling_names_are_covered() -> None:
    text = said("json", url="postgresql://tide:hidden-word@host/x", api_key="hidden-word", token="hidden-word")
    assert "hidden-word" not in text
    assert "postgresql://tide:***@host/x" in text


def test_the_standard_librarys_records_go_the_same_way() -> None:
    stream = io.StringIO()
    set_up_logging(level="info", log_format="json", stream=stream)
    logging.getLogger("uvicorn").warning("late %s", "again")
    assert json.loads(stream.getvalue())["event"] == "late again"


def test_a_traceback_does_not_show_local_variables() -> None:
    stream = io.StringIO()
    set_up_logging(level="info", log_format="text", stream=stream)
    try:
        password = "hidden-word"
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger("test").exception("failed")
    assert "ValueError: 11" in stream.getvalue()
    assert "hidden-word" not in stream.getvalue().replace('password = "hidden-word"', "")
