"""What the tests of database connectors share: a server, statements run in it, and specs that read or write its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

DRIVERS = {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
SCHEMES = {"postgres": "postgresql", "mysql": "mysql"}


@dataclass(frozen=True)
class Server:
    """A database server and the connector that reaches it."""

    connector: str
    address: sa.URL

    @property
    def plain_url(self) -> str:
        """The URL for a spec: without the password."""
        return self.address._replace(drivername=SCHEMES[self.connector], password=None).render_as_string()

    @property
    def secret_url(self) -> str:
        return self.address.set(drivername=SCHEMES[self.connector]).render_as_string(hide_password=False)

    def execute(self, *statements: str) -> None:
        engine = sa.create_engine(self.address, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def at(self, port: int) -> Server:
        """The same server by way of another port."""
        return Server(self.connector, self.address.set(port=port))


def connection(server: Server) -> str:
    """The keys of a config that reach the server."""
    return f'connector: {server.connector}, url: "{server.plain_url}", passwordSecret: "env:DB_PASSWORD"'


def to_table(server: Server, table: str, columns: str, *, mode: str = "replace", keys: str = "", path: str = "in.csv") -> str:
    """A spec that writes a CSV file's columns to a table."""
    more = f", keys: [{keys}]" if keys else ""
    return f"""
name: To table
steps:
  - {{type: source, name: Orders, config: {{path: {path}, columns: {{{columns}}}}}}}
  - {{type: destination, name: Save, config: {{{connection(server)}, table: {table}, mode: {mode}{more}}}}}
"""


def from_table(server: Server, what: str, out: str = "out.json", columns: str = "") -> str:
    """A spec that writes a table or a query's result (`table: x`, `query: …`) to a file."""
    declared = f"columns: {{{columns}}}" if columns else ""
    return f"""
name: From table
steps:
  - type: source
    name: Rows
    config:
      connector: {server.connector}
      url: "{server.plain_url}"
      passwordSecret: "env:DB_PASSWORD"
      {what}
      {declared}
  - {{type: destination, name: Out, config: {{path: {out}}}}}
"""
