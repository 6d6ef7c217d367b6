"""Only one process carries runs for a PostgreSQL database, from whichever machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tidemill.adapters.sql.unit_of_work import translated
from tidemill.errors import Conflict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LOCK_NUMBER = 7305102
"""Any number no other program uses on this database."""


@dataclass(frozen=True)
class EngineLock:
    """Held as long as its connection lives; None for SQLite, whose data folder is locked instead."""

    connection: Connection | None

    def release(self) -> None:
        """Let another process have it."""
        if self.connection is not None:
            self.connection.close()


def take_engine_lock(engine: Engine) -> EngineLock:
    """Take the lock for this process.

    Raises:
        Conflict: Another process has it.
        UpstreamUnavailable: The database cannot be reached.
    """
    if engine.dialect.name != "postgresql":
        return EngineLock(None)
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK_NUMBER})")):
            return EngineLock(connection)
    except SQLAlchemyError as error:
        raise translated(error) from error
    connection.close()
    raise Conflict("Another Tidemill already carries runs on this database; give this one a database of its own, or stop the other.")
