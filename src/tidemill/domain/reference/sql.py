"""The reference meaning of a SQL step, as far as sqlglot's plain-Python executor can be trusted with it.

The executor was compared with DuckDB form by form; only forms in which both agree are let through. Others (windows, `count(distinct …)`,
most functions, `/` by zero, ordering of missing values) make a step "not evaluable", which is an answer, where a wrong value is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tidemill.domain.reference.rows import NotEvaluable, Row, Rows, with_types
from tidemill.domain.sql_step import table_aliases
from tidemill.domain.table_schema import ColumnType, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot import exp

_FORMS = frozenset(
    {
        "Select", "From", "Table", "TableAlias", "Alias", "Column", "Identifier", "Star", "Where", "Group", "Having", "Join", "With", "CTE",
        "Subquery", "Paren", "And", "Or", "Not", "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Is", "In", "Between", "Null", "Boolean", "Literal",
        "Add", "Sub", "Mul", "Div", "Neg", "DPipe", "Sum", "Count", "Avg", "Min", "Max", "Upper", "Lower", "Case", "If", "Coalesce", "Distinct",
        "Union", "DataType", "Date",
    }
)  # fmt: skip
_TYPES = {ColumnType.INTEGER: "BIGINT", ColumnType.NUMBER: "DOUBLE", ColumnType.BOOLEAN: "BOOLEAN", ColumnType.DATE: "DATE",
          ColumnType.TIMESTAMP: "TIMESTAMP", ColumnType.TIMESTAMPTZ: "TIMESTAMPTZ"}  # fmt: skip


def sql_rows(query: str, inputs: Mapping[str, Rows], schemas: Mapping[str, TableSchema], *, after: TableSchema) -> Rows:
    """The rows of a SELECT over `inputs` (rows by step name).

    Raises:
        NotEvaluable: The query uses a form that the executor does not evaluate as DuckDB does.
    """
    from sqlglot.errors import SqlglotError  # 100 ms, and few pipelines have SQL steps
    from sqlglot.executor import execute

    statement = _without_order(query)
    if (reason := _untrusted(statement)) is not None:
        raise NotEvaluable("sql", reason)
    aliases = table_aliases(tuple(inputs))
    tables = {alias.lower(): _lowered(inputs[name]) for alias, name in aliases.items()}
    columns = {alias.lower(): {c.lower(): _TYPES.get(t, "VARCHAR") for c, t in schemas[name].columns.items()} for alias, name in aliases.items()}
    try:
        result = execute(statement, schema=columns, dialect="duckdb", tables=tables)
    except (SqlglotError, ArithmeticError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise NotEvaluable("sql", f"the executor stops at it ({type(error).__name__})") from error
    return _named([c.lower() for c in result.columns], result.rows, after)


def _without_order(query: str) -> exp.Expr:
    """The statement without `ORDER BY` where no `LIMIT` makes the rows depend on it; a table's rows have no order here."""
    import sqlglot
    from sqlglot import exp

    statement = sqlglot.parse_one(query, dialect="duckdb")
    for order in list(statement.find_all(exp.Order)):
        if isinstance(order.parent, exp.Query) and not order.parent.args.get("limit") and not order.parent.args.get("offset"):
            order.pop()
    return statement


def _untrusted(statement: exp.Expr) -> str | None:
    """Why a query is not evaluated, None if it can be."""
    from sqlglot import exp

    forms = {type(node).__name__ for node in statement.walk()}
    if unknown := sorted(forms - _FORMS):
        return f"it uses {', '.join(unknown)}"
    if any(isinstance(node.this, exp.Distinct) for node in statement.find_all(exp.AggFunc)):
        return "it aggregates distinct values"
    if any(not s.alias and not isinstance(s, (exp.Column, exp.Star)) for select in statement.find_all(exp.Select) for s in select.expressions):
        return "a column has no name"
    return _untrusted_join(statement)


def _untrusted_join(statement: exp.Expr) -> str | None:
    from sqlglot import exp

    for join in statement.find_all(exp.Join):
        on = join.args.get("on")
        conditions = list(on.flatten()) if isinstance(on, exp.And) else [on]
        if not join.args.get("using") and not all(isinstance(c, exp.EQ) and isinstance(c.this, exp.Column) for c in conditions):
            return "it joins by more than equal keys"
    return None


def _lowered(rows: Rows) -> Sequence[Row]:
    return [{name.lower(): value for name, value in row.items()} for row in rows]


def _named(columns: Sequence[str], rows: Sequence[Sequence[object]], after: TableSchema) -> Rows:
    """Rows under the names as the query spells them; DuckDB keeps the spelling, the executor does not."""
    spelling = {name.lower(): name for name in after.names}
    if len(set(columns)) != len(columns):
        raise NotEvaluable("sql", "two columns have one name")
    # The executor hands on the values it was given, so a cell holds one of ours.
    return with_types([cast("Row", {spelling.get(c, c): v for c, v in zip(columns, row, strict=True)}) for row in rows], after)
