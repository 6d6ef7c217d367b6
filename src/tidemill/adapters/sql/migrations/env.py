"""Alembic's entry: brings the connection it is given to the latest schema."""

from __future__ import annotations

from alembic import context

from tidemill.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
