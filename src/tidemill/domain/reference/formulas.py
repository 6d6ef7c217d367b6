"""Formulas as the reference evaluation reads and works them out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from tidemill.domain.formula import parse_formula
from tidemill.domain.formula_eval import evaluate
from tidemill.domain.reference.rows import Row, UnreadableValue, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidemill.domain.formula import Formula
    from tidemill.domain.table_schema import ColumnType


@lru_cache(maxsize=1024)
def read_formula(text: str) -> Formula:
    """The formula of a text; kept, because samples work each formula out some hundred times.

    Raises:
        FormulaError: The text is no formula.
    """
    return parse_formula(text)


def formula_value(formula: Formula, row: Row, kinds: Mapping[str, ColumnType]) -> Value:
    """The value of a formula on a row.

    Raises:
        UnreadableValue: The pipeline fails at it: a text that cannot be read, an integer that does not fit.
    """
    try:
        # A formula gives values of column types only; the formula module types them as object.
        return cast("Value", evaluate(formula, row, schema=kinds))
    except (ValueError, OverflowError) as error:
        raise UnreadableValue(f"`{formula.text}`: {error}", formula=formula.text) from error
