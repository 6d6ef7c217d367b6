"""Filters that no row can pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.finding import Finding, error
from tidemill.domain.pipeline import PipelineSpec, TransformStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.domain.transforms import Condition, Scalar

_ROW_WISE = frozenset({"filter", "sort", "limit", "drop", "select", "drop_nulls", "dedupe", "exclude", "where"})
"""Operations that leave the values of a row as they are, so that an earlier filter still holds of it."""


@dataclass(frozen=True)
class _Bounds:
    """What the filters so far leave of one column; None is unbounded. Bounds are compared as numbers or as ISO texts."""

    low: Scalar | None = None
    low_open: bool = False
    high: Scalar | None = None
    high_open: bool = False
    missing: bool | None = None

    def is_empty(self) -> bool:
        low, high = self.low, self.high
        if self.missing and (low is not None or high is not None):
            return True
        if low is None or high is None or isinstance(low, str) != isinstance(high, str):
            return False
        return low > high or (low == high and (self.low_open or self.high_open))  # type: ignore[operator]  # both texts or both numbers


def contradiction_findings(spec: PipelineSpec, flow: SchemaFlow) -> Iterator[Finding]:
    """An error for each filter that, with the filters before it, no row can pass."""
    reached: dict[str, dict[str, _Bounds]] = {}
    index_of = {s.name: i for i, s in enumerate(spec.steps)}
    for name in flow.order:
        index = index_of[name]
        step, read = spec.steps[index], spec.inputs_of(index)
        if not isinstance(step, TransformStep):
            reached[name] = {}
            continue
        bounds = dict(reached.get(read[0], {})) if len(read) == 1 and set(step.config.operations) <= _ROW_WISE else {}
        for column, condition in (step.config.filter or {}).items():
            bounds[column] = _narrow(bounds.get(column, _Bounds()), condition)
            if bounds[column].is_empty():
                yield error("never-true", f"steps[{index}].config.filter.{column}", f"No `{column}` can pass this filter together with those before it.",
                            "Remove one of the conditions that contradict each other.")  # fmt: skip
        reached[name] = bounds if set(step.config.operations) <= _ROW_WISE else {}


def _narrow(bounds: _Bounds, condition: Condition) -> _Bounds:
    for part, operand in condition.parts:
        if isinstance(operand, tuple):
            if part == "between":
                bounds = _above(_below(bounds, operand[1], is_open=False), operand[0], is_open=False)
        elif part == "equals" and not condition.ignore_case:
            bounds = _above(_below(bounds, operand, is_open=False), operand, is_open=False)
        elif part in ("greater_than", "greater_than_or_equal"):
            bounds = _above(bounds, operand, is_open=part == "greater_than")
        elif part in ("less_than", "less_than_or_equal"):
            bounds = _below(bounds, operand, is_open=part == "less_than")
        elif part == "is_null":
            missing = bool(operand) if bounds.missing is None else bounds.missing and bool(operand)
            bounds = _Bounds(bounds.low, bounds.low_open, bounds.high, bounds.high_open, missing)
    return bounds


def _above(b: _Bounds, low: Scalar, *, is_open: bool) -> _Bounds:
    if isinstance(b.low, str) != isinstance(low, str) and b.low is not None:
        return b
    if b.low is None or low > b.low or (low == b.low and is_open):  # type: ignore[operator]  # same kind, checked above
        return _Bounds(low, is_open, b.high, b.high_open, b.missing)
    return b


def _below(b: _Bounds, high: Scalar, *, is_open: bool) -> _Bounds:
    if isinstance(b.high, str) != isinstance(high, str) and b.high is not None:
        return b
    if b.high is None or high < b.high or (high == b.high and is_open):  # type: ignore[operator]  # same kind, checked above
        return _Bounds(b.low, b.low_open, high, is_open, b.missing)
    return b
