"""`Store` on SQLAlchemy: SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection, Engine, Row, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from tidemill.adapters.sql.tables import pipeline_revisions, pipelines, runs, schedules
from tidemill.domain.run import Run, RunState
from tidemill.domain.saved_pipeline import PipelineSchedule, SavedPipeline
from tidemill.errors import Conflict, NotFound, StaleVersion, UpstreamRejected, UpstreamUnavailable
from tidemill.ports.unit_of_work import Page, RunQuery, UnitOfWork

T = TypeVar("T")
UNFINISHED = tuple(s.value for s in RunState if not s.is_final)
BUSY_TIMEOUT_MS = 15_000
DATABASE_HELP = "`tidemill doctor` says which database it is; look at its server, its file and the free space there."
ATTEMPTS = 4
"""A dropped connection is replaced and a lost race is run again at most this often."""


@dataclass(frozen=True)
class SqlPipelineRecords:
    """Pipelines in two tables: the latest state, and every revision."""

    connection: Connection

    def add(self, pipeline: SavedPipeline) -> None:
        values = {"id": pipeline.id, **_pipeline_columns(pipeline)}
        if not _add_new(self.connection, pipelines, values):
            raise Conflict(f"There is a pipeline with the id `{pipeline.id}`.", pipeline_id=pipeline.id)
        self._add_revision(pipeline)

    def get(self, pipeline_id: str) -> SavedPipeline:
        document = self.connection.scalar(select(pipelines.c.document).where(pipelines.c.id == pipeline_id))
        if document is None:
            raise NotFound(f"There is no pipeline {pipeline_id!r}.", pipeline_id=pipeline_id)
        return SavedPipeline.model_validate(document)

    def find(self, search: str, page: Page) -> tuple[Sequence[SavedPipeline], int]:
        matching = select(pipelines)
        if search:
            matching = matching.where(pipelines.c.search_text.contains(search.lower().replace("\0", ""), autoescape=True))
        total = self.connection.scalar(select(func.count()).select_from(matching.subquery())) or 0
        rows = self.connection.execute(matching.order_by(pipelines.c.updated_at.desc(), pipelines.c.id).limit(page.limit).offset(page.offset))
        return [SavedPipeline.model_validate(r.document) for r in rows], total

    def of_event(self, event: str) -> Sequence[SavedPipeline]:
        rows = self.connection.scalars(select(pipelines.c.document).where(pipelines.c.event == event).order_by(pipelines.c.id))
        return [SavedPipeline.model_validate(d) for d in rows]

    def save(self, pipeline: SavedPipeline) -> None:
        stored = self.get(pipeline.id)
        changed = self.connection.execute(
            pipelines.update().where(pipelines.c.id == pipeline.id, pipelines.c.version == pipeline.version - 1).values(**_pipeline_columns(pipeline))
        )
        if changed.rowcount != 1:
            raise StaleVersion(f"Pipeline `{pipeline.id}` was changed by somebody else; load it again and repeat.", pipeline_id=pipeline.id)
        if pipeline.revision != stored.revision:
            self._add_revision(pipeline)

    def revisions(self, pipeline_id: str) -> Sequence[SavedPipeline]:
        of_pipeline = select(pipeline_revisions.c.document).where(pipeline_revisions.c.pipeline_id == pipeline_id)
        return [SavedPipeline.model_validate(d) for d in self.connection.scalars(of_pipeline.order_by(pipeline_revisions.c.revision.desc()))]

    def remove(self, pipeline_id: str) -> None:
        self.connection.execute(schedules.delete().where(schedules.c.pipeline_id == pipeline_id))
        self.connection.execute(pipeline_revisions.delete().where(pipeline_revisions.c.pipeline_id == pipeline_id))
        self.connection.execute(pipelines.delete().where(pipelines.c.id == pipeline_id))

    def _add_revision(self, pipeline: SavedPipeline) -> None:
        document = pipeline.model_dump(mode="json")
        self.connection.execute(pipeline_revisions.insert().values(pipeline_id=pipeline.id, revision=pipeline.revision, document=document))


@dataclass(frozen=True)
class SqlScheduleRecords:
    """Schedules, one row each."""

    connection: Connection

    def get(self, pipeline_id: str) -> PipelineSchedule | None:
        row = self.connection.execute(select(schedules).where(schedules.c.pipeline_id == pipeline_id)).first()
        return None if row is None else _schedule(row)

    def put(self, schedule: PipelineSchedule) -> None:
        self.remove(schedule.pipeline_id)
        self.connection.execute(schedules.insert().values(**schedule.model_dump()))

    def remove(self, pipeline_id: str) -> None:
        self.connection.execute(schedules.delete().where(schedules.c.pipeline_id == pipeline_id))

    def due(self, now: datetime) -> Sequence[PipelineSchedule]:
        until_now = select(schedules).where(schedules.c.next_fire_at <= now)
        return [_schedule(r) for r in self.connection.execute(until_now.order_by(schedules.c.next_fire_at, schedules.c.pipeline_id))]

    def next_fire_at(self) -> datetime | None:
        earliest: datetime | None = self.connection.scalar(select(func.min(schedules.c.next_fire_at)))
        return earliest


@dataclass(frozen=True)
class SqlRunRecords:
    """Runs: columns for what is asked for, a document for the rest."""

    connection: Connection

    def add(self, run: Run, *, idempotency_key: str | None = None) -> Run:
        values = {**_run_columns(run), "id": run.id, "idempotency_key": idempotency_key}
        if _add_new(self.connection, runs, values):
            return run
        same_key = (runs.c.idempotency_key == idempotency_key) if idempotency_key is not None else (runs.c.scheduled_for == run.scheduled_for)
        document = self.connection.scalar(select(runs.c.document).where(runs.c.pipeline_id == run.pipeline_id, same_key))
        if document is None:
            raise Conflict(f"There is a run with the id `{run.id}`.", run_id=run.id)
        return Run.model_validate(document)

    def get(self, run_id: str) -> Run:
        document = self.connection.scalar(select(runs.c.document).where(runs.c.id == run_id))
        if document is None:
            raise NotFound(f"There is no run {run_id!r}.", run_id=run_id)
        return Run.model_validate(document)

    def save(self, run: Run, *, expected_version: int) -> None:
        of_version = runs.update().where(runs.c.id == run.id, runs.c.version == expected_version)
        if self.connection.execute(of_version.values(**_run_columns(run))).rowcount != 1:
            raise StaleVersion(f"Run `{run.id}` was changed by somebody else; load it again and repeat.", run_id=run.id)

    def find(self, query: RunQuery, page: Page) -> tuple[Sequence[Run], int]:
        matching = select(runs)
        if query.pipeline_id is not None:
            matching = matching.where(runs.c.pipeline_id == query.pipeline_id)
        if query.states is not None:
            matching = matching.where(runs.c.state.in_([s.value for s in query.states]))
        total = self.connection.scalar(select(func.count()).select_from(matching.subquery())) or 0
        rows = self.connection.execute(matching.order_by(runs.c.requested_at.desc(), runs.c.id.desc()).limit(page.limit).offset(page.offset))
        return [Run.model_validate(r.document) for r in rows], total

    def unfinished(self) -> Sequence[Run]:
        documents = self.connection.scalars(select(runs.c.document).where(runs.c.state.in_(UNFINISHED)).order_by(runs.c.requested_at, runs.c.id))
        return [Run.model_validate(d) for d in documents]


@dataclass(frozen=True)
class SqlUnitOfWork:
    """The records of one open transaction."""

    connection: Connection

    @cached_property
    def pipelines(self) -> SqlPipelineRecords:
        return SqlPipelineRecords(self.connection)

    @cached_property
    def schedules(self) -> SqlScheduleRecords:
        return SqlScheduleRecords(self.connection)

    @cached_property
    def runs(self) -> SqlRunRecords:
        return SqlRunRecords(self.connection)


@dataclass(frozen=True)
class SqlStore:
    """The database behind an engine of SQLAlchemy's."""

    engine: Engine

    async def apply(self, change: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.to_thread(self._apply, change)

    async def close(self) -> None:
        await asyncio.to_thread(self.engine.dispose)

    def _apply(self, change: Callable[[UnitOfWork], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.engine.begin() as connection:
                    return change(SqlUnitOfWork(connection))
            except SQLAlchemyError as error:
                if attempt == ATTEMPTS or not _worth_repeating(error):
                    raise translated(error) from error
                time.sleep(0.05 * attempt)
        raise AssertionError("unreachable")


def connect(url: str) -> Engine:
    """An engine for SQLite (write-ahead log, one writer at a time) or PostgreSQL."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, connect_args={"connect_timeout": 5})
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def translated(error: SQLAlchemyError) -> UpstreamUnavailable | UpstreamRejected:
    """Ours for SQLAlchemy's; never with SQL or values in it."""
    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
        said = str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__
        return UpstreamUnavailable(f"The database did not answer as it should: {said}. {DATABASE_HELP}", service="database")
    return UpstreamRejected(f"The database refused the change ({type(error).__name__}).", service="database")


def _prepare_sqlite(connection: object, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    """Readers do not wait for writers, and a commit is safe against a crash of the process.

    `synchronous=NORMAL` may lose the last commits if the machine loses power, never the database's consistency.
    """
    connection.isolation_level = "IMMEDIATE"  # type: ignore[attr-defined]  # the driver's connection
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _add_new(connection: Connection, table: Table, values: dict[str, object]) -> bool:
    """Insert a row unless a unique key of it is taken; False if one is."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    added = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
    return connection.scalar(added) is not None


def _worth_repeating(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    said = str(error.orig).lower()
    return error.connection_invalidated or "locked" in said or "deadlock" in said or "serialize" in said


def _pipeline_columns(pipeline: SavedPipeline) -> dict[str, object]:
    search_text = f"{pipeline.id}\n{pipeline.spec.name}\n{pipeline.spec.description}".lower()
    return {
        "search_text": search_text.replace("\0", ""),  # PostgreSQL's texts hold no NUL
        "event": pipeline.spec.event if pipeline.spec.trigger == "event" else None,
        "updated_at": pipeline.updated_at,
        "version": pipeline.version,
        "document": pipeline.model_dump(mode="json"),
    }


def _run_columns(run: Run) -> dict[str, object]:
    return {
        "pipeline_id": run.pipeline_id,
        "state": run.state.value,
        "scheduled_for": run.scheduled_for,
        "requested_at": run.requested_at,
        "version": run.version,
        "document": run.model_dump(mode="json"),
    }


def _schedule(row: Row[tuple[object, ...]]) -> PipelineSchedule:
    return PipelineSchedule.model_validate(dict(row._mapping))
