"""The functions of the formula language: names, parameters, results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tidemill.domain.table_schema import ColumnType

MAX_TEXT_LENGTH = 10_000
"""Largest count for `lpad`, `rpad` and `repeat`; far above any use, keeps a hostile formula from filling the memory."""


class Kind(StrEnum):
    """What a parameter takes."""

    ANY = "any value"
    SAME = "values of one type"
    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    PRINTABLE = "any value, written as text"
    TEMPORAL = "date or timestamp"
    MOMENT = "timestamp"
    COUNT = "whole number written in the formula"
    FIXED_TEXT = "text written in the formula"
    UNIT = "unit: 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute' or 'second'"
    PATTERN = "regular expression written in the formula"
    FORMAT = "date format written in the formula, such as '%d.%m.%Y'"


class Result(StrEnum):
    """A result type that follows from the arguments."""

    FIRST = "as the first value"
    COMMON = "the common type of the values"
    ROUNDED = "integer without digits, else as the first value"
    MOVED = "as the date or timestamp; a date moved by hours, minutes or seconds is a timestamp"
    TEMPORAL = "as the date or timestamp"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a formula may call."""

    name: str
    parameters: tuple[Kind, ...]
    """The last one stands for all further ones if `repeats`."""
    result: ColumnType | Result
    summary: str
    aliases: tuple[str, ...] = ()
    optional: int = 0
    """How many parameters at the end may be left out."""
    repeats: bool = False

    @property
    def fewest(self) -> int:
        return len(self.parameters) - self.optional

    @property
    def most(self) -> int | None:
        return None if self.repeats else len(self.parameters)

    def kind_of(self, index: int) -> Kind:
        return self.parameters[min(index, len(self.parameters) - 1)]


_N, _I, _T, _B = ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.STRING, ColumnType.BOOLEAN
_D, _TS = ColumnType.DATE, ColumnType.TIMESTAMP

NUMBERS = (
    Function("abs", (Kind.NUMBER,), Result.FIRST, "without its sign"),
    Function("sqrt", (Kind.NUMBER,), _N, "square root; missing below 0"),
    Function("exp", (Kind.NUMBER,), _N, "e to the power of the number"),
    Function("ln", (Kind.NUMBER,), _N, "natural logarithm; missing at and below 0"),
    Function("log10", (Kind.NUMBER,), _N, "logarithm to base 10; missing at and below 0"),
    Function(
        "round",
        (Kind.NUMBER, Kind.COUNT),
        Result.ROUNDED,
        "rounded to digits after the point, halves away from zero; `round(x)` is an integer",
        optional=1,
    ),
    Function("floor", (Kind.NUMBER,), _I, "next integer below"),
    Function("ceil", (Kind.NUMBER,), _I, "next integer above", ("ceiling",)),
    Function("sign", (Kind.NUMBER,), _I, "-1, 0 or 1"),
)
CHOICES = (
    Function("coalesce", (Kind.SAME,), Result.COMMON, "the first value that is not missing", ("ifnull", "nvl", "first_present"), repeats=True),
    Function("nullif", (Kind.SAME, Kind.SAME), Result.COMMON, "missing if both are equal, else the first"),
    Function("least", (Kind.SAME,), Result.COMMON, "the smallest of the values that are there", ("min",), repeats=True),
    Function("greatest", (Kind.SAME,), Result.COMMON, "the largest of the values that are there", ("max",), repeats=True),
    Function("is_null", (Kind.ANY,), _B, "true if the value is missing", ("is_missing",)),
    Function("is_empty", (Kind.ANY,), _B, "true if the value is missing or an empty text"),
    Function("in", (Kind.SAME, Kind.SAME), _B, "true if the first value equals one of the others; written `x in (a, b)`", repeats=True),
    Function("between", (Kind.SAME, Kind.SAME, Kind.SAME), _B, "true from the second to the third value, both included; written `x between a and b`"),
)
TEXTS = (
    Function("lower", (Kind.TEXT,), _T, "in lower case, character by character", ("lowercase",)),
    Function("upper", (Kind.TEXT,), _T, "in upper case, character by character", ("uppercase",)),
    Function("capitalize", (Kind.TEXT,), _T, "first character in upper case, the rest in lower case", ("capitalise",)),
    Function("title", (Kind.TEXT,), _T, "each word (between single spaces) capitalized", ("initcap", "proper", "title_case")),
    Function("trim", (Kind.TEXT,), _T, "without spaces, tabs and line ends at both ends", ("strip",)),
    Function("ltrim", (Kind.TEXT,), _T, "… at the beginning", ("lstrip",)),
    Function("rtrim", (Kind.TEXT,), _T, "… at the end", ("rstrip",)),
    Function("length", (Kind.TEXT,), _I, "number of characters", ("len", "char_length")),
    Function("concat", (Kind.PRINTABLE,), _T, "texts one after the other; missing if one is missing; also written `a || b` or `a & b`", repeats=True),
    Function("concat_ws", (Kind.FIXED_TEXT, Kind.PRINTABLE), _T, "the values that are there, with the first text between them", repeats=True),
    Function(
        "substring",
        (Kind.TEXT, Kind.INTEGER, Kind.INTEGER),
        _T,
        "from a position (the first is 1; below 1 counts as 1), a number of characters",
        ("substr", "mid"),
        optional=1,
    ),
    Function("left", (Kind.TEXT, Kind.INTEGER), _T, "the first characters"),
    Function("right", (Kind.TEXT, Kind.INTEGER), _T, "the last characters"),
    Function("replace", (Kind.TEXT, Kind.TEXT, Kind.TEXT), _T, "every occurrence of the second text replaced by the third"),
    Function(
        "lpad",
        (Kind.TEXT, Kind.COUNT, Kind.FIXED_TEXT),
        _T,
        "filled at the beginning up to a length with a character (a space); never cut",
        ("pad_left", "left_pad"),
        optional=1,
    ),
    Function("rpad", (Kind.TEXT, Kind.COUNT, Kind.FIXED_TEXT), _T, "… at the end", ("pad_right", "right_pad"), optional=1),
    Function("repeat", (Kind.TEXT, Kind.COUNT), _T, "the text so many times"),
    Function(
        "split_part", (Kind.TEXT, Kind.FIXED_TEXT, Kind.COUNT), _T, "the n-th part between separators, -1 is the last; missing if there is none"
    ),
    Function(
        "position",
        (Kind.TEXT, Kind.TEXT),
        _I,
        "where the second text begins in the first (the first character is 1), 0 if nowhere",
        ("strpos", "instr", "index_of"),
    ),
    Function("contains", (Kind.TEXT, Kind.TEXT), _B, "true if the second text is in the first; also written `x contains 'a'`", ("includes",)),
    Function("starts_with", (Kind.TEXT, Kind.TEXT), _B, "also written `x starts with 'a'`", ("begins_with",)),
    Function("ends_with", (Kind.TEXT, Kind.TEXT), _B, "also written `x ends with 'a'`"),
    Function(
        "regex_matches",
        (Kind.TEXT, Kind.PATTERN),
        _B,
        "true if the pattern is found anywhere; also written `x matches 'a+'`",
        ("regexp_matches", "matches", "re_search"),
    ),
    Function(
        "regex_extract",
        (Kind.TEXT, Kind.PATTERN, Kind.COUNT),
        _T,
        "what the pattern, or its n-th group, matched first; missing if nothing",
        ("regexp_extract", "re_extract"),
        optional=1,
    ),
    Function(
        "regex_replace",
        (Kind.TEXT, Kind.PATTERN, Kind.FIXED_TEXT),
        _T,
        "every match replaced; `\\1` stands for the first group",
        ("regexp_replace", "re_replace"),
    ),
)
DATES = (
    Function("year", (Kind.TEMPORAL,), _I, "2024"),
    Function("quarter", (Kind.TEMPORAL,), _I, "1 to 4"),
    Function("month", (Kind.TEMPORAL,), _I, "1 to 12"),
    Function("week", (Kind.TEMPORAL,), _I, "ISO week, 1 to 53", ("week_of_year", "iso_week")),
    Function("day", (Kind.TEMPORAL,), _I, "day of the month", ("day_of_month",)),
    Function("day_of_year", (Kind.TEMPORAL,), _I, "1 to 366"),
    Function("weekday", (Kind.TEMPORAL,), _I, "1 is Monday, 7 is Sunday", ("day_of_week",)),
    Function("day_name", (Kind.TEMPORAL,), _T, "Monday to Sunday", ("weekday_name",)),
    Function("month_name", (Kind.TEMPORAL,), _T, "January to December"),
    Function("hour", (Kind.MOMENT,), _I, "0 to 23"),
    Function("minute", (Kind.MOMENT,), _I, "0 to 59"),
    Function("second", (Kind.MOMENT,), _I, "0 to 59, without fraction"),
    Function(
        "date_trunc",
        (Kind.UNIT, Kind.TEMPORAL),
        Result.TEMPORAL,
        "the beginning of the year, month, ISO week … it lies in",
        ("truncate_date", "trunc_date"),
    ),
    Function(
        "date_add", (Kind.TEMPORAL, Kind.INTEGER, Kind.UNIT), Result.MOVED, "moved by a number of units; a day that the month lacks becomes its last"
    ),
    Function(
        "date_diff", (Kind.UNIT, Kind.TEMPORAL, Kind.TEMPORAL), _I, "how many unit boundaries lie between the two; negative if the second is earlier"
    ),
    Function("format_date", (Kind.TEMPORAL, Kind.FORMAT), _T, "as text", ("strftime", "date_format")),
    Function("parse_date", (Kind.TEXT, Kind.FORMAT), _D, "text read as a date; the run fails at a text of another form"),
    Function(
        "parse_timestamp",
        (Kind.TEXT, Kind.FORMAT),
        _TS,
        "text read as a timestamp; the run fails at a text of another form",
        ("strptime", "parse_datetime"),
    ),
)
FUNCTIONS = {f.name: f for f in (*NUMBERS, *CHOICES, *TEXTS, *DATES)}

CASTS = {"to_string": _T, "to_text": _T, "to_number": _N, "to_float": _N, "to_integer": _I, "to_int": _I, "to_boolean": _B, "to_bool": _B,
         "to_date": _D, "date": _D, "to_timestamp": _TS, "to_datetime": _TS, "timestamp": _TS, "to_timestamptz": ColumnType.TIMESTAMPTZ}  # fmt: skip
"""Functions that are casts; with `try_` before them they are lenient."""

TYPE_NAMES = {
    "string": _T,
    "text": _T,
    "varchar": _T,
    "char": _T,
    "str": _T,
    "number": _N,
    "float": _N,
    "double": _N,
    "numeric": _N,
    "decimal": _N,
    "real": _N,
    "integer": _I,
    "int": _I,
    "bigint": _I,
    "boolean": _B,
    "bool": _B,
    "date": _D,
    "timestamp": _TS,
    "datetime": _TS,
    "timestamptz": ColumnType.TIMESTAMPTZ,
}
"""What may stand in `cast(x as …)`."""

UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
CLOCK_UNITS = frozenset({"hour", "minute", "second"})

REFUSED = {
    **dict.fromkeys(("now", "today", "current_date", "current_timestamp", "current_time", "getdate", "sysdate", "utcnow"),
                    "it would give another result each time the pipeline runs; compare with a date such as date('2024-01-31')"),
    **dict.fromkeys(("random", "rand", "uuid", "gen_random_uuid", "newid"), "it would give another result each time the pipeline runs"),
    **dict.fromkeys(("sum", "avg", "average", "mean", "count", "median", "stddev", "count_distinct"),
                    "a formula sees one row; use `aggregations` (per group) or `window` (per row)"),
    **dict.fromkeys(("lag", "lead", "row_number", "rank", "dense_rank", "first", "last"), "a formula sees one row; use `window`"),
    "log": "its base is not the same everywhere; write ln(x) or log10(x)",
    "like": "write contains, starts with, ends with or matches",
    **dict.fromkeys(("eval", "exec", "open", "compile", "getattr", "import", "__import__"), "formulas are calculated, never executed as code"),
}  # fmt: skip
"""Names that people try, with the reason why they are not there."""


def fold(name: str) -> str:
    """A function name without case and underscores: `dateTrunc`, `DATE_TRUNC` and `date_trunc` are one."""
    return name.replace("_", "").lower()


BY_FOLDED = {fold(name): f.name for f in FUNCTIONS.values() if f.name not in ("in", "between") for name in (f.name, *f.aliases)}
CASTS_BY_FOLDED = {fold(name): to for name, to in CASTS.items()}
REFUSED_BY_FOLDED = {fold(name): reason for name, reason in REFUSED.items() if not name.startswith("__")}
OPERATORS_BY_FOLDED = {"iif": "if", "ifelse": "if", "mod": "%", "power": "**", "pow": "**", "daysbetween": "date_diff"}
"""Functions that are another way to write an operator or another function."""
KNOWN_NAMES = (*sorted({*BY_FOLDED.values(), *CASTS, "if", "cast", "try_cast", "mod", "power", "days_between"}),)
