"""The tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text, TypeDecorator, UniqueConstraint

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

NAMES = {"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
"""How indexes and constraints are called here and in the migrations."""
metadata = MetaData(naming_convention=NAMES)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


pipelines = Table(
    "pipelines",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("search_text", Text, nullable=False),  # id, name and description in lower case
    Column("event", String(100), index=True),
    Column("updated_at", UtcTime, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
)

pipeline_revisions = Table(
    "pipeline_revisions",
    metadata,
    Column("pipeline_id", ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", JSON, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("pipeline_id", ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True),
    Column("cron", String(200), nullable=False),
    Column("timezone", String(100), nullable=False),
    Column("missed_runs", String(20), nullable=False),
    Column("considered_until", UtcTime, nullable=False),
    Column("next_fire_at", UtcTime, index=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("pipeline_id", String(100), nullable=False),  # no foreign key: runs outlive their pipeline
    Column("state", String(20), nullable=False),
    Column("scheduled_for", UtcTime),
    Column("requested_at", UtcTime, nullable=False, index=True),
    Column("idempotency_key", String(200)),
    Column("version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    UniqueConstraint("pipeline_id", "scheduled_for"),
    UniqueConstraint("pipeline_id", "idempotency_key"),
    Index("ix_runs_pipeline_id_requested_at", "pipeline_id", "requested_at"),
    Index("ix_runs_state_requested_at", "state", "requested_at"),
)
