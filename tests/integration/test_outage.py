"""A database that goes away in the middle of a run: clear answers meanwhile, and nothing lost (P15)."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from tests.integration.parts import WAITING, application, client_of, create, over, scripted_parts, settings_for, until
from tidemill.domain.run import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

pytestmark = pytest.mark.anyio


@contextmanager
def database_of_its_own(server: str) -> Iterator[tuple[str, str, Connection]]:
    """The URL and the name of a new database, and a connection of the server's administrator."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        admin.execute(text(f"CREATE DATABASE {name}"))
        yield server.rsplit("/", 1)[0] + f"/{name}", name, admin
    engine.dispose()


def cut_off(admin: Connection, name: str) -> None:
    admin.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
    admin.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))


def restore(admin: Connection, name: str) -> None:
    admin.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))


async def test_a_run_that_ends_while_the_database_is_away_is_recorded_once_it_is_back(tmp_path: Path, postgres_url: str) -> None:
    with database_of_its_own(postgres_url) as (url, name, admin):
        settings = settings_for(tmp_path, TIDEMILL_DATABASE_URL=url)
        async with application(settings, scripted_parts(code=WAITING)) as app, client_of(app) as client:
            pipeline_id = await create(app)
            run = await app.runs.request(pipeline_id)
            await until((tmp_path / "started.txt").exists)
            cut_off(admin, name)
            (tmp_path / "go.txt").touch()
            meanwhile = [await client.get(f"/api/runs/{run.id}"), await client.post(f"/api/pipelines/{pipeline_id}/runs")]
            restore(admin, name)
            after = await over(app, run.id, timeout_s=30)
            again = await over(app, (await app.runs.request(pipeline_id)).id, timeout_s=30)
    assert [(a.status_code, a.json()["code"]) for a in meanwhile] == [(503, "upstream_unavailable")] * 2
    assert "password" not in meanwhile[0].text
    assert (after.state, again.state) == (RunState.SUCCEEDED, RunState.SUCCEEDED)
