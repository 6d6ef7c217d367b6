"""What the functions of the catalogue give for single values, in plain Python; none of the values is None."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from tidemill.domain.formula import calculation
from tidemill.domain.formula.patterns import format_parts, python_pattern, replacement_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BLANKS = " \t\n\r\v\f"
_LONGEST = 2**32 - 1
"""DuckDB counts characters in 32 bits."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_MONTH_STEPS = {"month": 1, "quarter": 3, "year": 12}
_STEPS = {"week": timedelta(weeks=1), "day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1),
          "second": timedelta(seconds=1)}  # fmt: skip


def lower(text: str) -> str:
    """In lower case, character by character: a text never changes its length."""
    return "".join("i" if c == "İ" else c.lower() for c in text)


def upper(text: str) -> str:
    """In upper case, character by character; where that would take two characters, the title form if it is one (ß becomes ẞ)."""
    return "".join(_upper(c) for c in text)


def _upper(char: str) -> str:
    if char == "ß":
        return "ẞ"
    return next((form for form in (char.upper(), char.title()) if len(form) == 1), char)


def _capitalize(text: str) -> str:
    return upper(text[:1]) + lower(text[1:])


def _title(text: str) -> str:
    return " ".join(_capitalize(word) for word in text.split(" "))


def _substring(text: str, start: int, length: int | None = None) -> str:
    begin = max(_count(start), 1) - 1
    return text[begin:] if length is None else text[begin : begin + max(_count(length), 0)]


def _left(text: str, count: int) -> str:
    return text[: max(_count(count), 0)]


def _count(number: int) -> int:
    if number > _LONGEST:
        raise OverflowError(f"{number} is beyond the length of any text")
    return number


def _right(text: str, count: int) -> str:
    return text[-count:] if count > 0 else ""


def _replace(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


def _split_part(text: str, separator: str, number: int) -> str | None:
    parts = text.split(separator)
    index = number - 1 if number > 0 else len(parts) + number
    return parts[index] if 0 <= index < len(parts) else None


def _regex_extract(text: str, pattern: str, group: int = 0) -> str | None:
    found = python_pattern(pattern).search(text)
    return (found.group(group) or None) if found else None


def _regex_replace(text: str, pattern: str, replacement: str) -> str:
    compiled = python_pattern(pattern)
    parts = replacement_parts(replacement, groups=compiled.groups)
    return compiled.sub(lambda m: "".join(p if isinstance(p, str) else (m.group(p) or "") for p in parts), text)


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float | None]:
    return lambda value: function(value) if value > 0 else None


def _square_root(value: float) -> float | None:
    return math.sqrt(value) if value >= 0 else None


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def truncated(unit: str, moment: date) -> date:
    """The beginning of the unit that a date or timestamp lies in; of the same type."""
    if isinstance(moment, datetime):
        clock = {"hour": ("minute", "second", "microsecond"), "minute": ("second", "microsecond"), "second": ("microsecond",)}
        cleared = clock.get(unit, ("hour", "minute", "second", "microsecond"))
        moment = moment.replace(**dict.fromkeys(cleared, 0))  # type: ignore[arg-type]
    match unit:
        case "year":
            return moment.replace(month=1, day=1)
        case "quarter":
            return moment.replace(month=3 * _quarter(moment) - 2, day=1)
        case "month":
            return moment.replace(day=1)
        case "week":
            return _monday(moment)
    return moment


def _added(moment: date, count: int, unit: str) -> date:
    if unit in _STEPS:
        return moment + _STEPS[unit] * count
    months = moment.year * 12 + moment.month - 1 + count * _MONTH_STEPS[unit]
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"the year {year} is not between 1 and 9999")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _difference(unit: str, start: date, end: date) -> int:
    if unit in _MONTH_STEPS:
        return _months(end) // _MONTH_STEPS[unit] - _months(start) // _MONTH_STEPS[unit]
    return (truncated(unit, end) - truncated(unit, start)) // _STEPS[unit]


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def formatted(moment: date, form: str) -> str:
    """A date or timestamp as text by strftime directives; names are English, whatever the machine's language."""
    at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    return "".join(_directive(at, part) if part.startswith("%") else part for part in format_parts(form))


def _directive(at: datetime, directive: str) -> str:
    code = directive[-1]
    value = _WRITTEN[code](at)
    return str(int(value)) if directive[1] == "-" else value


_WRITTEN: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04}",
    "y": lambda t: f"{t.year % 100:02}",
    "m": lambda t: f"{t.month:02}",
    "d": lambda t: f"{t.day:02}",
    "H": lambda t: f"{t.hour:02}",
    "I": lambda t: f"{(t.hour - 1) % 12 + 1:02}",
    "M": lambda t: f"{t.minute:02}",
    "S": lambda t: f"{t.second:02}",
    "f": lambda t: f"{t.microsecond:06}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "B": lambda t: _MONTHS[t.month - 1],
    "a": lambda t: _DAYS[t.weekday()][:3],
    "A": lambda t: _DAYS[t.weekday()],
    "V": lambda t: f"{t.isocalendar().week:02}",
    "G": lambda t: f"{t.isocalendar().year:04}",
    "u": lambda t: str(t.isoweekday()),
    "%": lambda _: "%",
}
_READ = {
    "Y": r"(?P<Y>\d{1,4})",
    "y": r"(?P<y>\d{1,2})",
    "f": r"(?P<f>\d{1,6})",
    "p": "(?P<p>(?i:am|pm))",
    "b": "(?P<b>(?i:" + "|".join(m[:3] for m in _MONTHS) + "))",
    "B": "(?P<B>(?i:" + "|".join(_MONTHS) + "))",
    "%": "%",
    **{c: rf"(?P<{c}>\d{{1,2}})" for c in "mdHIMS"},
}


def parsed(text: str, form: str) -> datetime:
    """A text read by strptime directives, which are those of `INPUT_DIRECTIVES`.

    Raises:
        ValueError: The text has another form.
    """
    pattern = "".join(_READ[part[-1]] if part.startswith("%") else _between_directives(part) for part in format_parts(form))
    found = re.fullmatch(pattern, text.strip(_BLANKS), re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} does not have the form {form!r}")
    read = found.groupdict()
    return datetime(_year(read), _month(read), int(read.get("d") or 1), _hour(read), int(read.get("M") or 0), int(read.get("S") or 0),
                    int((read.get("f") or "0").ljust(6, "0")))  # fmt: skip


def _between_directives(text: str) -> str:
    """The pattern of the text between directives: itself, any blanks for its blanks."""
    return "".join(r"\s+" if piece.isspace() else re.escape(piece) for piece in re.split(r"(\s+)", text) if piece)


def _year(read: Mapping[str, str]) -> int:
    if "y" in read:
        return int(read["y"]) + (1900 if int(read["y"]) >= 69 else 2000)
    return int(read.get("Y", 1900))


def _month(read: Mapping[str, str]) -> int:
    name = read.get("b") or read.get("B")
    if name:
        return next(i for i, m in enumerate(_MONTHS, 1) if m.lower().startswith(name.lower()))
    return int(read.get("m", 1))


def _hour(read: Mapping[str, str]) -> int:
    if "I" not in read:
        return int(read.get("H", 0))
    hour = int(read["I"])
    if not 1 <= hour <= 12:
        raise ValueError(f"{hour} is not an hour of twelve")
    return hour % 12 + (12 if read.get("p", "").lower() == "pm" else 0)


STRICT: Mapping[str, Callable[..., object]] = {
    "abs": lambda x: calculation.bounded(abs(x)) if isinstance(x, int) else abs(x),
    "sqrt": _square_root,
    "exp": _exponential,
    "ln": _logarithm(math.log),
    "log10": _logarithm(math.log10),
    "round": calculation.rounded,
    "floor": calculation.floor,
    "ceil": calculation.ceil,
    "sign": lambda x: (x > 0) - (x < 0),
    "lower": lower,
    "upper": upper,
    "capitalize": _capitalize,
    "title": _title,
    "trim": lambda s: s.strip(_BLANKS),
    "ltrim": lambda s: s.lstrip(_BLANKS),
    "rtrim": lambda s: s.rstrip(_BLANKS),
    "length": len,
    "concat": lambda *parts: "".join(parts),
    "substring": _substring,
    "left": _left,
    "right": _right,
    "replace": _replace,
    "lpad": lambda s, n, fill=" ": s.rjust(n, fill),
    "rpad": lambda s, n, fill=" ": s.ljust(n, fill),
    "repeat": lambda s, n: s * n,
    "split_part": _split_part,
    "position": lambda s, part: s.find(part) + 1,
    "contains": lambda s, part: part in s,
    "starts_with": lambda s, part: s.startswith(part),
    "ends_with": lambda s, part: s.endswith(part),
    "regex_matches": lambda s, pattern: python_pattern(pattern).search(s) is not None,
    "regex_extract": _regex_extract,
    "regex_replace": _regex_replace,
    "year": lambda d: d.year,
    "quarter": _quarter,
    "month": lambda d: d.month,
    "week": lambda d: d.isocalendar().week,
    "day": lambda d: d.day,
    "day_of_year": lambda d: d.timetuple().tm_yday,
    "weekday": lambda d: d.isoweekday(),
    "day_name": lambda d: _DAYS[d.weekday()],
    "month_name": lambda d: _MONTHS[d.month - 1],
    "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
    "second": lambda t: t.second,
    "date_trunc": truncated,
    "date_add": _added,
    "date_diff": _difference,
    "format_date": formatted,
    "parse_date": lambda s, form: parsed(s, form).date(),
    "parse_timestamp": parsed,
}
"""The functions that give a missing value whenever one of theirs is missing."""
