"""SQL that a brief gives word by word."""

from __future__ import annotations

import re

from tidemill.domain.grammar.cursor import Trouble
from tidemill.domain.grammar.operations import Combination, Operation
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.workspace import Workspace


def read_sql(unit: Unit, space: Workspace) -> str | Trouble:
    """Adds the SQL step; its name, or why it cannot be."""
    statement = unit.body.strip().strip("`").strip().rstrip(";").strip()
    hit = re.search(r"\b(select|with)\b", statement, re.IGNORECASE)
    if not hit or not space.current:
        return Trouble("sql", "No SELECT statement was found.", 0, "Put the statement below 'Transform with SQL:'.")
    statement = statement[hit.start() :]
    named = [n for n in space.tables if re.search(rf"\b{re.escape(n)}\b", statement, re.IGNORECASE)]
    if not named and len(space.tables) == 1:
        named = [space.current]
        statement = _input(statement, space)
    if not named:
        return Trouble("sql", f"The statement reads none of the tables {', '.join(space.tables)}.", 0, "Name a source after FROM.", sure=True)
    if len(named) == 1:
        table = space.tables[named[0]]
        statement = (
            statement
            if table.head.lower() == named[0].lower()
            else re.sub(rf"\b(from|join)\s+[\"`]?{re.escape(named[0])}[\"`]?\b", r"\1 input", statement, flags=re.IGNORECASE)
        )
        space.current = named[0]
        return space.apply(Operation("Transform with SQL", {"sql": statement}, aggregates=True), unit.text, named[0])
    return space.combine(Combination("Transform with SQL", tuple(named), {"sql": statement}), unit.text)


def _input(statement: str, space: Workspace) -> str:
    hit = re.search(r"\bfrom\s+[\"`]?(\w+)", statement, re.IGNORECASE)
    if hit and hit[1].lower() in ("input", "data", "source", "it", "rows", "df"):
        return re.sub(rf"\b(from|join)\s+[\"`]?{re.escape(hit[1])}[\"`]?", r"\1 input", statement, flags=re.IGNORECASE)
    del space
    return statement
