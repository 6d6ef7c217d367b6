"""Conditions to the fields of a transform: `filter`, `exclude`, `drop_nulls`, or a `where` formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidemill.domain.grammar.conditions import Both, Cond, Either, Opposite, Raw, Test
from tidemill.domain.transforms import Scalar

Config = Mapping[str, object]
_SIGNS = {"equals": "=", "not_equals": "!=", "greater_than": ">", "greater_than_or_equal": ">=", "less_than": "<", "less_than_or_equal": "<="}


def keeping(cond: Cond) -> list[dict[str, object]]:
    """The configs that keep the rows where `cond` holds."""
    tests = _tests(cond)
    if tests is None or (merged := _merged(tests)) is None:
        return [{"where": formula(cond)}]
    if all(t.part == "is_null" and t.operand is False for t in tests):
        return [{"drop_nulls": {"columns": tuple(t.column for t in tests)}}]
    return [{"filter": merged}]


def dropping(cond: Cond) -> list[dict[str, object]]:
    """The configs that drop the rows where `cond` holds."""
    if isinstance(cond, Either):
        parts = cond.parts
        if all(isinstance(p, Test) and p.part == "is_null" and p.operand is True for p in parts):
            return [{"drop_nulls": {"columns": tuple(p.column for p in parts if isinstance(p, Test))}}]
        return [config for p in parts for config in dropping(p)]
    tests = _tests(cond)
    if tests is None or (merged := _merged(tests)) is None:
        return [{"where": f"not coalesce({formula(cond)}, false)"}]
    if len(tests) == 1 and tests[0].part == "is_null" and tests[0].operand is True:
        return [{"drop_nulls": {"columns": (tests[0].column,)}}]
    return [{"exclude": merged}]


def _tests(cond: Cond) -> list[Test] | None:
    """The tests of a plain conjunction, None if it is more than that."""
    if isinstance(cond, Test):
        return [cond]
    if not isinstance(cond, Both):
        return None
    found: list[Test] = []
    for part in cond.parts:
        inner = _tests(part)
        if inner is None:
            return None
        found += inner
    return found


def _merged(tests: Sequence[Test]) -> dict[str, dict[str, object]] | None:
    merged: dict[str, dict[str, object]] = {}
    for test in tests:
        own = merged.setdefault(test.column, {})
        if test.part in own or (own and own.get("ignore_case", False) != test.ignore_case):
            return None
        own[test.part] = test.operand
        if test.ignore_case:
            own["ignore_case"] = True
    return merged


def formula(cond: Cond) -> str:
    """The condition as formula text; true and false as `Condition` has it, of missing values too."""
    if isinstance(cond, Raw):
        return cond.formula
    if isinstance(cond, Test):
        return _test(cond)
    if isinstance(cond, Opposite):
        return f"not coalesce({formula(cond.part)}, false)"
    if not isinstance(cond, (Both, Either)):
        raise TypeError(f"no formula for {cond!r}")
    joiner = " and " if isinstance(cond, Both) else " or "
    return joiner.join(f"({formula(p)})" if isinstance(p, (Both, Either, Raw)) else formula(p) for p in cond.parts)


def _test(test: Test) -> str:
    column, operand = f"{{{test.column}}}", test.operand
    if test.part == "is_null":
        return f"{column} is null" if operand else f"{column} is not null"
    text = f"lower({column})" if test.ignore_case else column
    if isinstance(operand, tuple):
        if test.part == "between":
            return f"{column} between {literal(operand[0])} and {literal(operand[1])}"
        inside = f"{text} in ({', '.join(_folded(test, v) for v in operand)})"
        return inside if test.part == "in_" else f"not coalesce({inside}, false)"
    if test.part in _SIGNS:
        compared = f"{text} {_SIGNS[test.part]} {_folded(test, operand)}"
        return f"({compared} or {column} is null)" if test.part == "not_equals" else compared
    name = {"contains": "contains", "not_contains": "contains", "starts_with": "starts_with", "ends_with": "ends_with", "matches": "regex_matches"}[
        test.part
    ]
    called = f"{name}({text}, {_folded(test, operand)})"
    return f"not coalesce({called}, false)" if test.part == "not_contains" else called


def _folded(test: Test, value: Scalar) -> str:
    return literal(value.lower() if test.ignore_case and isinstance(value, str) else value)


def literal(value: Scalar) -> str:
    """A literal of the formula language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if "'" in value else f"'{value}'"
    return str(value)
