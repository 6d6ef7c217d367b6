"""The language of column formulas: `{unit_price} * {quantity}` and what belongs to it. See docs/formulas.md."""

from tidemill.domain.formula.conditions import condition_formula, condition_problem
from tidemill.domain.formula.demands import demands
from tidemill.domain.formula.nodes import Binary, Call, Cast, Column, Formula, If, Literal, Node, Unary, columns_of, walk
from tidemill.domain.formula.parser import formula_of, parse_formula
from tidemill.domain.formula.typed import Typed, resolve, type_of, type_of_value
from tidemill.domain.formula.unparse import unparse

__all__ = [
    "Binary",
    "Call",
    "Cast",
    "Column",
    "Formula",
    "If",
    "Literal",
    "Node",
    "Typed",
    "Unary",
    "columns_of",
    "condition_formula",
    "condition_problem",
    "demands",
    "formula_of",
    "parse_formula",
    "resolve",
    "type_of",
    "type_of_value",
    "unparse",
    "walk",
]
