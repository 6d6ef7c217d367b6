"""What routes ask for: the application, the page, the caller's ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request

from tidemill.bootstrap import App
from tidemill.domain.log import LogCursor
from tidemill.ports.unit_of_work import Page

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_PAGE = 500
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
CURSOR_PATTERN = r"^[0-9]{1,15}(-[0-9]{1,13}(-[0-9]{1,16})?)?$"
"""Number, offset (up to 10 TB, which every file system can seek to) and microseconds since 1970."""


def application(request: Request) -> App:
    """The application that the server was made for."""
    app = request.app.state.tidemill
    assert isinstance(app, App)
    return app


def page(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Most items to give.")] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000, description="Items to leave out at the beginning.")] = 0,
) -> Page:
    """Which part of a list is asked for."""
    return Page(limit=limit, offset=offset)


Tidemill = Annotated[App, Depends(application)]
Paged = Annotated[Page, Depends(page)]
PipelineId = Annotated[str, Path(pattern=ID_PATTERN, description="The pipeline's id.")]
RunIdPath = Annotated[str, Path(pattern=ID_PATTERN, description="The run's id.")]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description="The same key again gives the run that the first request made."),
]


def cursor_text(cursor: LogCursor) -> str:
    """A place in a log as a client gets and gives it back: number, offset and time of the last entry seen."""
    at = "" if cursor.at is None else f"-{(cursor.at - EPOCH) // timedelta(microseconds=1)}"
    return f"{cursor.number}-{cursor.offset}{at}"


def read_cursor(text: str) -> LogCursor:
    """The place that a client gave back; a bare number is counted from the beginning."""
    number, offset, micros = (*text.split("-"), "", "")[:3]
    at = EPOCH + timedelta(microseconds=int(micros)) if micros else None
    return LogCursor(number=int(number), offset=int(offset or 0), at=at)
