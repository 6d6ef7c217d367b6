"""Which type the texts of a column have, by looking at all of them.

Each value is of one kind; the kinds of a column decide its type. The patterns are plain enough to mean the same to Python's `re`
and to RE2, so that a database can count kinds by the same rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import CastConfig


class ValueKind(StrEnum):
    """What a single value looks like."""

    MISSING = "missing"
    MARKER = "marker"
    """A text that people write for "nothing here", such as NA."""
    CODE = "code"
    """Digits that are no number: a leading zero or plus sign would be lost (01067, +49…)."""
    INTEGER = "integer"
    HUGE = "huge"
    """A whole number beyond 64 bits."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    NESTED = "nested"
    """An object or list of a JSON document."""
    TEXT = "text"


MARKERS = frozenset({"na", "n/a", "#n/a", "#na", "n.a.", "null", "(null)", "none", "nil", "nan", "-", "--", "?", "\\n", "<na>", "nat", "."})
"""Small letters; a text of spaces alone is a marker too."""

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_FULL_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?"
PATTERNS: Mapping[ValueKind, str] = {
    ValueKind.CODE: r" *([+][0-9][0-9 ()/-]*|-?0[0-9]+([.][0-9]+)?) *",
    ValueKind.INTEGER: r" *-?[0-9]+ *",
    ValueKind.NUMBER: r" *-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *",
    ValueKind.BOOLEAN: r"(?i:true|false)",
    ValueKind.DATE: _DAY,
    ValueKind.TIMESTAMP: rf"{_DAY}[T ]{_TIME}",
    ValueKind.TIMESTAMPTZ: rf"{_DAY}[T ]{_FULL_TIME}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)",
}
"""In this order: the first that covers the whole text, and can be read as that kind, decides."""

_REGEXES = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}
_CAST_SAMPLE = 5_000
_STRIPPED = "€$£¥% \u00a0\u202f'’"
_ENGLISH = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")
_CONTINENTAL = re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?")
_DATE_FORMATS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
                 "%Y.%m.%d")  # fmt: skip
_TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p")


@dataclass(frozen=True)
class TextColumn:
    """What was seen in a column of texts."""

    kinds: frozenset[ValueKind]
    """All that occur."""
    markers: frozenset[str] = frozenset()
    """The marker texts as they stand in the source."""

    @property
    def type(self) -> ColumnType:
        return type_of_kinds(self.kinds)


def kind_of(text: str) -> ValueKind:
    """The kind of one text; an empty one is missing."""
    if not text:
        return ValueKind.MISSING
    if is_marker(text):
        return ValueKind.MARKER
    for kind, regex in _REGEXES.items():
        if regex.fullmatch(text) and _readable(kind, text):
            return kind
    return ValueKind.HUGE if _REGEXES[ValueKind.INTEGER].fullmatch(text) else ValueKind.TEXT


def is_marker(text: str) -> bool:
    """True of a text that stands for "nothing here"."""
    return text.strip().lower() in MARKERS or not text.strip()


def type_of_kinds(kinds: Collection[ValueKind]) -> ColumnType:
    """The one type that all values have, STRING if there is none, UNKNOWN if there is no value."""
    seen = set(kinds) - {ValueKind.MISSING, ValueKind.MARKER}
    if not seen:
        return ColumnType.STRING if ValueKind.MARKER in kinds else ColumnType.UNKNOWN
    for allowed, column_type in _TYPES:
        if seen <= allowed:
            return column_type
    return ColumnType.STRING


_TYPES: Sequence[tuple[set[ValueKind], ColumnType]] = (
    ({ValueKind.INTEGER}, ColumnType.INTEGER),
    ({ValueKind.INTEGER, ValueKind.NUMBER}, ColumnType.NUMBER),
    ({ValueKind.BOOLEAN}, ColumnType.BOOLEAN),
    ({ValueKind.DATE}, ColumnType.DATE),
    ({ValueKind.DATE, ValueKind.TIMESTAMP}, ColumnType.TIMESTAMP),
    ({ValueKind.TIMESTAMPTZ}, ColumnType.TIMESTAMPTZ),
)


def suggest_cast(values: Collection[str]) -> CastConfig | None:
    """The cast that turns every one of these texts into a number or time, None if there is none, or more than one.

    Markers among them become missing values.
    """
    texts = [v for v in values if v and not is_marker(v)]
    if not texts or len(texts) > _CAST_SAMPLE:
        return None
    found = _plain_cast(texts) or _number_cast(texts) or _time_cast(texts)
    if found and any(is_marker(v) for v in values if v):
        return found.model_copy(update={"on_error": "missing"})
    return found


def notation(values: Collection[str]) -> str:
    """What a person should know of the texts of a column, as the end of a sentence; empty if they are plain text."""
    texts = [v for v in values if v and not is_marker(v)][:_CAST_SAMPLE]
    if not texts:
        return ""
    kinds = {kind_of(v) for v in texts}
    if kinds <= {ValueKind.CODE, ValueKind.INTEGER} and ValueKind.CODE in kinds:
        return "holds codes with leading zeros or a plus sign; it is kept as text"
    if ValueKind.HUGE in kinds and kinds <= {ValueKind.INTEGER, ValueKind.HUGE}:
        return "holds whole numbers beyond 64 bits; it is kept as text"
    if cast := suggest_cast(values):
        plain = not (cast.thousands or cast.strip or cast.decimal != ".")
        how = f"written as `{cast.format}`" if cast.format else "as text" if plain else f"written as in {texts[0]!r}"
        return f"holds {'numbers' if cast.to.is_numeric else 'dates or times'} {how}; it is text until it is cast"
    bare = [_bare(v) for v in texts]
    if all(_ENGLISH.fullmatch(v) and _CONTINENTAL.fullmatch(v) for v in bare):
        return "holds numbers whose comma or point can be a decimal or a thousands separator"
    if len(_formats_of(texts)) > 1:
        return "holds dates that can be read as day/month or as month/day"
    return ""


def _readable(kind: ValueKind, text: str) -> bool:
    """True if the text is not only shaped like the kind but is one: a day that exists, a number in range."""
    try:
        if kind is ValueKind.INTEGER:
            return -(2**63) <= int(text) < 2**63
        if kind is ValueKind.NUMBER:
            return _REGEXES[ValueKind.INTEGER].fullmatch(text) is None and math.isfinite(float(text))
        if kind is ValueKind.DATE:
            return bool(date.fromisoformat(text))
        if kind in (ValueKind.TIMESTAMP, ValueKind.TIMESTAMPTZ):
            return bool(datetime.fromisoformat(text))
    except ValueError:
        return False
    return True


def _plain_cast(texts: Sequence[str]) -> CastConfig | None:
    """Texts of a source that knows types (JSON, SQLite, Parquet) and that read as another type as they are."""
    column_type = type_of_kinds({kind_of(v) for v in texts})
    return None if column_type in (ColumnType.STRING, ColumnType.UNKNOWN, ColumnType.BOOLEAN) else CastConfig(to=column_type)


def _number_cast(texts: Sequence[str]) -> CastConfig | None:
    stripped = "".join(c for c in _STRIPPED if any(c in v for v in texts))
    bare = [_bare(v) for v in texts]
    if any(re.match(r"-?0[0-9]", v) for v in bare) or not all(re.match(r"\s*-?\s*[€$£¥]?\s*-?[0-9]", v) for v in texts):
        return None
    english, continental = all(_ENGLISH.fullmatch(v) for v in bare), all(_CONTINENTAL.fullmatch(v) for v in bare)
    if english == continental and not (english and all(v.lstrip("-").isdecimal() for v in bare)):
        return None
    group, point = (",", ".") if english else (".", ",")
    whole = not any(point in v for v in bare)
    thousands = group if any(group in v for v in bare) else None
    return CastConfig(to=ColumnType.INTEGER if whole else ColumnType.NUMBER, thousands=thousands, decimal=point, strip=stripped)


def _bare(text: str) -> str:
    return "".join(c for c in text if c not in _STRIPPED)


def _time_cast(texts: Sequence[str]) -> CastConfig | None:
    formats = _formats_of(texts)
    if len(formats) != 1:
        return None
    has_time = "%H" in formats[0] or "%I" in formats[0]
    return CastConfig(to=ColumnType.TIMESTAMP if has_time else ColumnType.DATE, format=formats[0])


def _formats_of(texts: Sequence[str]) -> list[str]:
    """The formats that read all texts; two of them if day and month cannot be told apart."""
    if not re.search(r"[0-9]{4}", texts[0]) or not re.search(r"[0-9]", texts[0]):
        return []
    return [day + time for day in _DATE_FORMATS for time in _TIME_FORMATS if all(_parses(v, day + time) for v in texts)]


def _parses(text: str, form: str) -> bool:
    try:
        return bool(datetime.strptime(text, form))
    except ValueError:
        return False
