"""What a SQL step compares its columns with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.domain.transforms import Scalar


def sql_literals(query: str) -> Iterator[tuple[str, Scalar]]:
    """Columns of a SELECT and the literals they are compared with, in the order of the text."""
    import sqlglot  # 100 ms, and few pipelines have SQL steps
    from sqlglot import exp

    for node in sqlglot.parse_one(query, dialect="duckdb").find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between):
        column = node.this
        operands = [*node.args.get("expressions", ()), *(node.args.get(key) for key in ("expression", "low", "high"))]
        for operand in operands:
            if isinstance(column, exp.Column) and isinstance(operand, exp.Literal):
                yield column.name, operand.this if operand.is_string else float(operand.this)
