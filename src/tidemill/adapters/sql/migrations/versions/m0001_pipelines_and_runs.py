"""Pipelines with revisions, schedules, runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "pipelines",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("event", sa.String(100)),
        sa.Column("updated_at", time, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("ix_pipelines_event", "pipelines", ["event"])
    op.create_index("ix_pipelines_updated_at", "pipelines", ["updated_at"])
    op.create_table(
        "pipeline_revisions",
        sa.Column("pipeline_id", sa.String(100), sa.ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_table(
        "schedules",
        sa.Column("pipeline_id", sa.String(100), sa.ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("cron", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(100), nullable=False),
        sa.Column("missed_runs", sa.String(20), nullable=False),
        sa.Column("considered_until", time, nullable=False),
        sa.Column("next_fire_at", time),
    )
    op.create_index("ix_schedules_next_fire_at", "schedules", ["next_fire_at"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("pipeline_id", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("scheduled_for", time),
        sa.Column("requested_at", time, nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.UniqueConstraint("pipeline_id", "scheduled_for", name="uq_runs_pipeline_id_scheduled_for"),
        sa.UniqueConstraint("pipeline_id", "idempotency_key", name="uq_runs_pipeline_id_idempotency_key"),
    )
    op.create_index("ix_runs_requested_at", "runs", ["requested_at"])
    op.create_index("ix_runs_pipeline_id_requested_at", "runs", ["pipeline_id", "requested_at"])
    op.create_index("ix_runs_state_requested_at", "runs", ["state", "requested_at"])


def downgrade() -> None:
    for table in ("runs", "schedules", "pipeline_revisions", "pipelines"):
        op.drop_table(table)
