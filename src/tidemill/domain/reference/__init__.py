"""The reference meaning of a spec in plain Python, written for clarity and independent of the rendered code and its engine.

Generated tests compare `pipeline.py` with the rows computed here.
"""

from __future__ import annotations

from tidemill.domain.reference.rows import NotEvaluable, Row, Rows, UnreadableValue, Value
from tidemill.domain.reference.transform import apply_transform, evaluate

__all__ = ["NotEvaluable", "Row", "Rows", "UnreadableValue", "Value", "apply_transform", "evaluate"]
