"""Fixtures of the integration tests: an event loop, a PostgreSQL server for the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.databases import postgres
from tidemill.telemetry import set_up_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def plain_log() -> None:
    set_up_logging(level="warning", log_format="text")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url
