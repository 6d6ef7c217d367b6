"""The database's schema, brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from tidemill.adapters.sql.unit_of_work import translated
from tidemill.errors import Conflict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

HEAD = "0001"
"""The newest file in `migrations/versions`."""
KNOWN = frozenset({HEAD})
"""Every revision there."""


def bring_up_to_date(engine: Engine) -> None:
    """Make or migrate the tables; quick when there is nothing to do.

    Raises:
        Conflict: A newer Tidemill made the tables.
        UpstreamUnavailable: The database cannot be reached.
    """
    try:
        with engine.connect() as connection:
            now = _revision(connection)
        if now == HEAD:
            return
        if now is not None and now not in KNOWN:
            raise Conflict(f"The database was made by a newer version of Tidemill (schema {now!r}, this one knows {HEAD!r}); install that version.")
        with engine.begin() as connection:
            _migrate(connection)
    except SQLAlchemyError as error:
        raise translated(error) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate(connection: Connection) -> None:
    # Alembic takes a quarter of a second to import and is needed once in a database's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        # Two servers that start at once do not both migrate.
        connection.execute(text("SELECT pg_advisory_xact_lock(7305101)"))
    command.upgrade(config, "head")
