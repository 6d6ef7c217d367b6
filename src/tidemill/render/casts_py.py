"""The `cast` of a column as an Ibis expression."""

from __future__ import annotations

import re

from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import CastConfig
from tidemill.render.python_text import IBIS_TYPES, text_source


def cast_source(column: str, how: ColumnType | CastConfig, known: ColumnType) -> str:
    """The column as another type; where it is text, rid of what stands around the value before."""
    options = how if isinstance(how, CastConfig) else CastConfig(to=how)
    to, lenient = ColumnType(options.to), options.on_error == "missing"
    if known not in (ColumnType.STRING, ColumnType.UNKNOWN):
        return _from_value(column, known, to, lenient=lenient)
    text = f'{column}.re_replace({text_source(f"[{_escaped(options.strip)}]")}, "")' if options.strip else column
    if options.format and to.is_temporal:
        return _moment(text, options.format, to, lenient=lenient)
    if to.is_numeric:
        text = _plain_number(text, options)
    value = f"{text}.{'try_cast' if lenient else 'cast'}({text_source(IBIS_TYPES[to])})"
    # pandas writes missing numbers as "nan", which DuckDB reads as a number of its own.
    return f'{value}.nullif(float("nan"))' if to is ColumnType.NUMBER and known is ColumnType.STRING else value


def _from_value(column: str, known: ColumnType, to: ColumnType, *, lenient: bool) -> str:
    """A column that is not text as another type; DuckDB's own cast of 12.5 to an integer gives 12."""
    if known is ColumnType.NUMBER and to is ColumnType.INTEGER:
        return f'{column}.round(0).try_cast("int64")' if lenient else f"{column}.round()"
    if known.is_numeric and to is ColumnType.BOOLEAN:
        return f"{column} != 0"
    return f"{column}.{'try_cast' if lenient else 'cast'}({text_source(IBIS_TYPES[to])})"


def _escaped(characters: str) -> str:
    return re.sub(r"([\\\]\[^-])", r"\\\1", characters)


def _plain_number(text: str, options: CastConfig) -> str:
    """The text with a point and without thousands separators."""
    if options.thousands:
        text += f'.replace({text_source(options.thousands)}, "")'
    return text if options.decimal == "." else f'{text}.replace({text_source(options.decimal)}, ".")'


def _moment(text: str, form: str, to: ColumnType, *, lenient: bool) -> str:
    bare = f"{text}.strip()"
    moment = f"_try_strptime({bare}, {text_source(form)})" if lenient else f"{bare}.as_timestamp({text_source(form)})"
    if to is ColumnType.DATE:
        return f"{moment}.date()"
    return moment if to is ColumnType.TIMESTAMP else f"{moment}.cast({text_source(IBIS_TYPES[to])})"
