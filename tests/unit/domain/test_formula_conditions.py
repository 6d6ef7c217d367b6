"""Conditions of `filter` and `exclude`: missing values, letter case, types (P8, P9)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tidemill.domain.formula import condition_problem
from tidemill.domain.formula_eval import evaluate_condition
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import Condition


def condition(**fields: Any) -> Condition:
    return Condition.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "value", "expected"),
    [
        ({"equals": "gold"}, "gold", True),
        ({"equals": "gold"}, "Gold", False),
        ({"equals": "gold", "ignoreCase": True}, "GOLD", True),
        ({"notEquals": "gold"}, None, True),
        ({"notIn": ["a", "b"]}, None, True),
        ({"notContains": "a"}, None, True),
        ({"notContains": "a"}, "bac", False),
        ({"equals": "gold"}, None, False),
        ({"contains": "BOT", "ignoreCase": True}, "Googlebot", True),
        ({"startsWith": "a", "endsWith": "z"}, "abcz", True),
        ({"matches": "^b.t$", "ignoreCase": True}, "BAT", True),
        ({"in": ["A", "b"], "ignoreCase": True}, "a", True),
        ({"isNull": True}, None, True),
        ({"isNull": False}, None, False),
        ({"isNull": False}, "", True),
    ],
)
def test_conditions_on_texts(fields: dict[str, Any], value: str | None, expected: bool) -> None:
    assert evaluate_condition(condition(**fields), value, ColumnType.STRING) is expected


@pytest.mark.parametrize(("value", "expected"), [(39.9, False), (40.0, True), (80.0, True), (80.1, False), (None, False)])
def test_between_includes_both_ends(value: float | None, expected: bool) -> None:
    assert evaluate_condition(condition(between=[40, 80]), value, ColumnType.NUMBER) is expected


def test_all_parts_must_hold() -> None:
    assert evaluate_condition(condition(greaterThan=1, lessThan=5, notEquals=3), 3, ColumnType.INTEGER) is False


def test_an_iso_text_is_read_as_the_type_of_the_column() -> None:
    assert evaluate_condition(condition(greaterThanOrEqual="2024-01-31"), date(2024, 1, 31), ColumnType.DATE) is True


@pytest.mark.parametrize(
    ("fields", "column_type"),
    [
        ({"equals": "100"}, ColumnType.NUMBER),
        ({"equals": 100}, ColumnType.STRING),
        ({"contains": "a"}, ColumnType.INTEGER),
        ({"greaterThan": "soon"}, ColumnType.DATE),
        ({"equals": True}, ColumnType.STRING),
        ({"matches": "("}, ColumnType.STRING),
    ],
)
def test_a_condition_that_does_not_fit_the_column_is_a_problem(fields: dict[str, Any], column_type: ColumnType) -> None:
    assert condition_problem("amount", condition(**fields), column_type)


@pytest.mark.parametrize("column_type", [ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.UNKNOWN])
def test_a_condition_that_fits_is_none(column_type: ColumnType) -> None:
    assert condition_problem("amount", condition(greaterThan=2.5), column_type) is None
