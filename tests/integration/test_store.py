"""The records on SQLite and PostgreSQL (P15: a scheduled time has one run; runs survive)."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from tests.integration.parts import CONFIG
from tidemill.adapters.sql.schema import HEAD, bring_up_to_date
from tidemill.adapters.sql.tables import metadata
from tidemill.adapters.sql.unit_of_work import SqlStore, connect
from tidemill.domain.pipeline import MissedRuns
from tidemill.domain.run import Run, RunState
from tidemill.domain.saved_pipeline import PipelineSchedule, SavedPipeline
from tidemill.domain.spec_yaml import load_spec
from tidemill.errors import Conflict, NotFound, StaleVersion, UpstreamUnavailable
from tidemill.ports.unit_of_work import Page, RunQuery, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 4, 1, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    else:
        server = request.getfixturevalue("postgres_url")
        name = f"t{uuid.uuid4().hex}"
        admin = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = server.rsplit("/", 1)[0] + f"/{name}"
    engine = connect(url)
    bring_up_to_date(engine)
    yield SqlStore(engine)
    engine.dispose()


def run(run_id: str = "run-1", **changes: object) -> Run:
    return Run(id=run_id, pipeline_id="sales", spec_digest="s", bundle_digest="b", requested_at=NOW).model_copy(update=changes)


def pipeline(pipeline_id: str = "sales", **changes: object) -> SavedPipeline:
    made = SavedPipeline(id=pipeline_id, spec=load_spec(CONFIG), spec_digest="s", bundle_digest="b", created_at=NOW, updated_at=NOW)
    return made.model_copy(update=changes)


async def test_a_saved_run_is_read_back_as_it_was(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run(scheduled_for=NOW)))
    assert await store.apply(lambda work: work.runs.get("run-1")) == run(scheduled_for=NOW)


async def test_a_second_run_for_the_same_scheduled_time_is_the_first(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run("run-1", scheduled_for=NOW)))
    second = await store.apply(lambda work: work.runs.add(run("run-2", scheduled_for=NOW)))
    assert second.id == "run-1"


async def test_a_second_run_with_the_same_idempotency_key_is_the_first(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run("run-1"), idempotency_key="k"))
    second = await store.apply(lambda work: work.runs.add(run("run-2"), idempotency_key="k"))
    assert second.id == "run-1"


async def test_runs_of_other_pipelines_may_have_the_same_scheduled_time(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run("run-1", scheduled_for=NOW)))
    other = await store.apply(lambda work: work.runs.add(run("run-2", pipeline_id="stock", scheduled_for=NOW)))
    assert other.id == "run-2"


async def test_of_many_that_ask_at_once_for_one_scheduled_time_one_gets_a_run(store: SqlStore) -> None:
    asked = [store.apply(lambda work, n=n: work.runs.add(run(f"run-{n}", scheduled_for=NOW))) for n in range(8)]
    assert len({r.id for r in await asyncio.gather(*asked)}) == 1


async def test_a_run_changed_by_somebody_else_is_not_overwritten(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run()))
    await store.apply(lambda work: work.runs.save(run(version=2), expected_version=1))
    with pytest.raises(StaleVersion):
        await store.apply(lambda work: work.runs.save(run(version=2), expected_version=1))


async def test_nothing_is_kept_of_a_change_that_fails(store: SqlStore) -> None:
    def change(work: UnitOfWork) -> None:
        work.runs.add(run())
        raise Conflict("stop")

    with pytest.raises(Conflict):
        await store.apply(change)
    with pytest.raises(NotFound):
        await store.apply(lambda work: work.runs.get("run-1"))


async def test_runs_are_found_newest_first_with_their_number(store: SqlStore) -> None:
    for n in range(5):
        await store.apply(lambda work, n=n: work.runs.add(run(f"run-{n}", requested_at=NOW + timedelta(seconds=n))))
    runs, total = await store.apply(lambda work: work.runs.find(RunQuery(), Page(limit=2, offset=1)))
    assert ([r.id for r in runs], total) == (["run-3", "run-2"], 5)


async def test_runs_are_found_by_state(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run("run-1")))
    await store.apply(lambda work: work.runs.add(run("run-2", state=RunState.FAILED)))
    runs, total = await store.apply(lambda work: work.runs.find(RunQuery(states=(RunState.FAILED,)), Page()))
    assert ([r.id for r in runs], total) == (["run-2"], 1)


async def test_unfinished_runs_come_in_the_order_they_were_asked_for(store: SqlStore) -> None:
    await store.apply(lambda work: work.runs.add(run("late", requested_at=NOW + timedelta(seconds=1))))
    await store.apply(lambda work: work.runs.add(run("early", state=RunState.RUNNING)))
    await store.apply(lambda work: work.runs.add(run("over", state=RunState.SUCCEEDED)))
    assert [r.id for r in await store.apply(lambda work: work.runs.unfinished())] == ["early", "late"]


async def test_a_saved_pipeline_is_read_back_as_it_was(store: SqlStore) -> None:
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    assert await store.apply(lambda work: work.pipelines.get("sales")) == pipeline()


async def test_a_pipeline_id_is_taken_once(store: SqlStore) -> None:
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    with pytest.raises(Conflict):
        await store.apply(lambda work: work.pipelines.add(pipeline()))


async def test_every_revision_of_a_pipeline_is_kept(store: SqlStore) -> None:
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    await store.apply(lambda work: work.pipelines.save(pipeline(revision=2, version=2, spec_digest="t")))
    assert [p.spec_digest for p in await store.apply(lambda work: work.pipelines.revisions("sales"))] == ["t", "s"]


async def test_a_pipeline_changed_by_somebody_else_is_not_overwritten(store: SqlStore) -> None:
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    await store.apply(lambda work: work.pipelines.save(pipeline(revision=2, version=2)))
    with pytest.raises(StaleVersion):
        await store.apply(lambda work: work.pipelines.save(pipeline(revision=2, version=2)))


async def test_pipelines_are_found_by_text_whatever_its_case_and_signs(store: SqlStore) -> None:
    for pipeline_id, name in (("full", "FULL 100% Sales"), ("part", "Part 100 Sales")):
        named = pipeline(pipeline_id, spec=load_spec(CONFIG.replace("Daily Sales", name)))
        await store.apply(lambda work, named=named: work.pipelines.add(named))
    found, total = await store.apply(lambda work: work.pipelines.find("full 100%", Page()))
    assert ([p.id for p in found], total) == (["full"], 1)


async def test_schedules_are_due_from_their_time_on(store: SqlStore) -> None:
    schedule = PipelineSchedule(
        pipeline_id="sales", cron="0 9 * * *", timezone="UTC", missed_runs=MissedRuns.SKIP, considered_until=NOW, next_fire_at=NOW
    )
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    await store.apply(lambda work: work.schedules.put(schedule))
    assert await store.apply(lambda work: work.schedules.due(NOW - timedelta(microseconds=1))) == []
    assert await store.apply(lambda work: work.schedules.due(NOW)) == [schedule]


async def test_a_removed_pipeline_leaves_its_runs(store: SqlStore) -> None:
    await store.apply(lambda work: work.pipelines.add(pipeline()))
    await store.apply(lambda work: work.runs.add(run()))
    await store.apply(lambda work: work.pipelines.remove("sales"))
    assert (await store.apply(lambda work: work.runs.get("run-1"))).pipeline_id == "sales"
    with pytest.raises(NotFound):
        await store.apply(lambda work: work.pipelines.get("sales"))


async def test_nul_characters_in_a_name_are_kept(store: SqlStore) -> None:
    named = pipeline(spec=load_spec(CONFIG.replace("Daily Sales", '"a\\0b"')))
    await store.apply(lambda work: work.pipelines.add(named))
    assert (await store.apply(lambda work: work.pipelines.get("sales"))).name == "a\0b"


def test_the_migrations_make_the_tables_that_the_code_expects(store: SqlStore) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [d for d in differences if "dbos" not in str(d)] == []


def test_a_database_of_a_newer_version_is_refused(store: SqlStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match=f"newer version of Tidemill.*{HEAD}"):
        bring_up_to_date(store.engine)


def test_a_database_that_is_away_is_unavailable_and_its_password_is_not_told() -> None:
    with pytest.raises(UpstreamUnavailable) as failure:
        bring_up_to_date(connect("postgresql://tide:hidden-word@127.0.0.1:1/none"))
    assert "hidden-word" not in str(failure.value)
