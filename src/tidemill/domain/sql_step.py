"""Checks of the two escape hatches: SQL steps and Python steps."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from tidemill.domain.finding import Finding, Severity, error
from tidemill.domain.nearest import suggest
from tidemill.domain.table_schema import ColumnType, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

ALLOWED_IMPORTS = ("collections", "dataclasses", "datetime", "decimal", "fractions", "functools", "itertools", "json", "math", "re", "statistics", "string", "textwrap", "unicodedata")  # fmt: skip
"""Modules of the standard library that reach neither files, network nor processes."""
_FORBIDDEN_NAMES = frozenset({"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "getattr", "globals", "help", "input", "locals",
                              "memoryview", "open", "quit", "setattr", "vars"})  # fmt: skip
_AS_WRITTEN = "duckdb, normalization_strategy=case_sensitive"
_SQL_TYPES = {ColumnType.STRING: "VARCHAR", ColumnType.INTEGER: "BIGINT", ColumnType.NUMBER: "DOUBLE", ColumnType.BOOLEAN: "BOOLEAN", ColumnType.DATE: "DATE",
              ColumnType.TIMESTAMP: "TIMESTAMP", ColumnType.TIMESTAMPTZ: "TIMESTAMPTZ"}  # fmt: skip


@dataclass(frozen=True)
class SqlResult:
    """What is known of a SELECT statement."""

    schema: TableSchema
    findings: tuple[Finding, ...]
    demands: Mapping[str, ColumnType] = field(default_factory=dict)


def table_aliases(names: tuple[str, ...]) -> dict[str, str]:
    """The names a SQL step may use for its inputs: alias to step name.

    A step `Load orders` is `"Load orders"` and `load_orders`; the only input of a step is `input`, too.
    """
    aliases = {n: n for n in names} | {snake(n): n for n in names}
    return aliases | ({"input": names[0]} if len(names) == 1 else {})


def snake(name: str) -> str:
    """A step's name as an identifier: `Load orders` is `load_orders`."""
    return "_".join("".join(c if c.isalnum() else " " for c in name).lower().split())


def check_sql(query: str, inputs: Mapping[str, TableSchema]) -> SqlResult:
    """Parses a SELECT over `inputs` (schemas by step name), checks tables and columns and types its result."""
    key = tuple((n, tuple(s.columns.items()), s.complete) for n, s in inputs.items())
    return _check_sql(query, key)


@lru_cache(maxsize=64)
def _check_sql(query: str, key: tuple[tuple[str, tuple[tuple[str, ColumnType], ...], bool], ...]) -> SqlResult:
    import sqlglot  # 100 ms, and few pipelines have SQL steps
    from sqlglot.errors import SqlglotError

    inputs = {n: TableSchema(dict(columns), complete=complete) for n, columns, complete in key}
    try:
        statements = [s for s in sqlglot.parse(query, dialect="duckdb") if s is not None]
    except SqlglotError as wrong:
        return SqlResult(
            TableSchema(complete=False),
            (error("sql-syntax", "sql", f"This SQL cannot be read: {_first_line(wrong)}.", "Check it in DuckDB's dialect."),),
        )
    if len(statements) != 1 or not isinstance(statements[0], sqlglot.exp.Query):
        return SqlResult(
            TableSchema(complete=False), (error("sql-not-select", "sql", "A SQL step is one SELECT statement.", "Remove everything else."),)
        )
    found = _table_findings(statements[0], inputs)
    if found:
        return SqlResult(TableSchema(complete=False), found)
    return _typed(statements[0], inputs)


def _first_line(wrong: Exception) -> str:
    lines = str(wrong).splitlines()
    return lines[0].rstrip(".") if lines else "syntax error"


def _table_findings(statement: exp.Query, inputs: Mapping[str, TableSchema]) -> tuple[Finding, ...]:
    from sqlglot import exp

    local = {c.alias_or_name for c in statement.find_all(exp.CTE)}
    aliases = table_aliases(tuple(inputs))
    found: list[Finding] = []
    for table in statement.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db:
            found.append(
                error(
                    "sql-reads-outside",
                    "sql",
                    f"`{table.sql(dialect='duckdb')}` reads from outside the pipeline.",
                    "Add a source step for it and list it in `inputs`.",
                )
            )
        elif table.name not in local and table.name.lower() not in {a.lower() for a in aliases}:
            found.append(error("unknown-table", "sql", f"There is no table `{table.name}` here.", suggest(table.name, aliases)))
    return tuple(found)


def _typed(statement: exp.Query, inputs: Mapping[str, TableSchema]) -> SqlResult:
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    if not all(s.complete for s in inputs.values()):
        return SqlResult(
            TableSchema({n: ColumnType.UNKNOWN for n in statement.named_selects if n != "*"}, complete="*" not in statement.named_selects), ()
        )
    tables: dict[str, object] = {
        a: {c: _SQL_TYPES.get(t, "VARCHAR") for c, t in inputs[n].columns.items()} for a, n in table_aliases(tuple(inputs)).items()
    }
    schema = MappingSchema(tables, dialect=_AS_WRITTEN, normalize=False)
    try:
        qualified = annotate_types(qualify(_with_real_names(statement, inputs), schema=schema, dialect=_AS_WRITTEN), schema=schema)
    except SqlglotError as wrong:
        known = list(dict.fromkeys(c for s in inputs.values() for c in s.columns))
        said = _first_line(wrong)
        return SqlResult(
            TableSchema(complete=False),
            (error("unknown-column", "sql", f"In the SQL: {said}.", suggest(said.rsplit(" ", maxsplit=1)[-1].strip("'\""), known)),),
        )
    return SqlResult(TableSchema({s.alias_or_name: _column_type(s) for s in qualified.selects}), ())


def _with_real_names(statement: exp.Query, inputs: Mapping[str, TableSchema]) -> exp.Query:
    """The statement with every name written as the tables and columns spell it: DuckDB does not tell upper from lower case."""
    from sqlglot import exp

    real = {n.lower(): n for n in (*table_aliases(tuple(inputs)), *(c for s in inputs.values() for c in s.columns))}
    copied = statement.copy()
    for identifier in copied.find_all(exp.Identifier):
        identifier.set("this", real.get(identifier.name.lower(), identifier.name))
    return copied


def _column_type(select: exp.Expr) -> ColumnType:
    from sqlglot import exp

    kind = select.type
    if kind is None:
        return ColumnType.UNKNOWN
    if kind.is_type(*exp.DataType.INTEGER_TYPES):
        return ColumnType.INTEGER
    if kind.is_type(*exp.DataType.NUMERIC_TYPES):
        return ColumnType.NUMBER
    if kind.is_type(*exp.DataType.TEXT_TYPES):
        return ColumnType.STRING
    names = {"BOOLEAN": ColumnType.BOOLEAN, "DATE": ColumnType.DATE, "TIMESTAMP": ColumnType.TIMESTAMP, "TIMESTAMPTZ": ColumnType.TIMESTAMPTZ}
    return names.get(str(kind.this.value), ColumnType.UNKNOWN)


def python_findings(code: str) -> tuple[Finding, ...]:
    """What is wrong with the body of a Python step, and always one warning that it wants a person's review."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        return (error("python-syntax", "python.code", f"This is not Python: {wrong}.", "Define `def transform(rows: list[dict]) -> list[dict]:`."),)
    found = [f for node in ast.walk(tree) for f in _node_findings(node)]
    if not any(isinstance(n, ast.FunctionDef) and n.name == "transform" and len(n.args.args) == 1 for n in tree.body):
        found.append(
            error(
                "python-signature",
                "python.code",
                "There is no function `transform` with one parameter.",
                "Define `def transform(rows: list[dict]) -> list[dict]:`.",
            )
        )
    review = Finding(
        rule="python-review",
        field="python.code",
        severity=Severity.WARNING,
        message="This step runs hand-written Python.",
        fix="Read it before you run it.",
    )
    return (*found, review)


def _node_findings(node: ast.AST) -> list[Finding]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or "."]
        return [
            error("python-import", "python.code", f"`{m}` may not be imported.", f"Allowed: {', '.join(ALLOWED_IMPORTS)}.")
            for m in modules
            if m.split(".")[0] not in ALLOWED_IMPORTS
        ]
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    if name in _FORBIDDEN_NAMES or (name.startswith("__") and name.endswith("__")):
        return [error("python-forbidden", "python.code", f"`{name}` may not be used in a Python step.", "Work on the rows only.")]
    return []
