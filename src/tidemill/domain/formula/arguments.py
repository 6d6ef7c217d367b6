"""Rules for arguments that stand in the formula itself: counts, patterns, formats, separators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.formula.catalogue import FUNCTIONS, MAX_TEXT_LENGTH, Kind
from tidemill.domain.formula.patterns import INPUT_DIRECTIVES, OUTPUT_DIRECTIVES, check_format, matches_nothing, python_pattern, replacement_parts
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.formula.nodes import Call, LiteralValue

_MOST_DIGITS = 15
"""A 64-bit float holds no more."""


def check_fixed(call: Call, values: Sequence[LiteralValue]) -> None:
    """Raise `FormulaError` if a count, pattern, format or separator of a call cannot be used.

    Args:
        call: A function of the catalogue with its arguments.
        values: The values of the arguments that are literals, None for the others.
    """
    rule = _RULES.get(call.function)
    try:
        if Kind.PATTERN in FUNCTIONS[call.function].parameters:
            _pattern(call.function, values)
        if rule is not None:
            rule(values)
    except FormulaError as error:
        raise FormulaError(f"`{call.function}`: {error.message}", position=call.position, fix=error.fix) from error


def _pattern(function: str, values: Sequence[LiteralValue]) -> None:
    pattern = str(values[1])
    groups = python_pattern(pattern).groups
    if function == "regex_extract" and len(values) == 3 and not 0 <= _whole(values[2]) <= groups:
        raise FormulaError(f"the pattern {pattern!r} has {groups} groups, so that there is no group {values[2]}")
    if function != "regex_replace":
        return
    replacement_parts(str(values[2]), groups=groups)
    if matches_nothing(pattern):
        raise FormulaError(f"the pattern {pattern!r} matches an empty text, which cannot be replaced", fix="Use + instead of *.")


def _whole(value: LiteralValue) -> int:
    return value if isinstance(value, int) else 0


def _digits(values: Sequence[LiteralValue]) -> None:
    if len(values) == 2 and abs(_whole(values[1])) > _MOST_DIGITS:
        raise FormulaError(f"{values[1]} digits are too many", fix=f"At most {_MOST_DIGITS} are possible.")


def _length(values: Sequence[LiteralValue]) -> None:
    if not 0 <= _whole(values[1]) <= MAX_TEXT_LENGTH:
        raise FormulaError(f"{values[1]} is not between 0 and {MAX_TEXT_LENGTH:,}")
    if len(values) == 3 and len(str(values[2])) != 1:
        raise FormulaError(f"{values[2]!r} is not one character")


def _part(values: Sequence[LiteralValue]) -> None:
    if values[1] == "":
        raise FormulaError("the separator is empty", fix="Use substring for single characters.")
    if values[2] == 0:
        raise FormulaError("there is no part 0", fix="The first part is 1, the last is -1.")


def _output_format(values: Sequence[LiteralValue]) -> None:
    check_format(str(values[1]), OUTPUT_DIRECTIVES)


def _input_format(values: Sequence[LiteralValue]) -> None:
    check_format(str(values[1]), INPUT_DIRECTIVES)


_RULES = {
    "round": _digits,
    "lpad": _length,
    "rpad": _length,
    "repeat": _length,
    "split_part": _part,
    "format_date": _output_format,
    "parse_date": _input_format,
    "parse_timestamp": _input_format,
}
