"""Regular expressions and date formats that mean the same in every engine a pipeline may run on.

A pattern is RE2 as DuckDB reads it. `python_pattern` writes it so that Python's `re` matches the same: `\\d`, `\\w`, `\\s` and
`\\b` know ASCII only, and `$` is the very end of the text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tidemill.errors import FormulaError

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_BOUNDARY = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
_NO_BOUNDARY = "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))"
_ESCAPES = {
    **{c: f"[{inside}]" for c, inside in _CLASSES.items()},
    **{c.upper(): f"[^{inside}]" for c, inside in _CLASSES.items()},
    "b": _BOUNDARY,
    "B": _NO_BOUNDARY,
    "A": "\\A",
    "z": "\\Z",
    **{c: f"\\{c}" for c in "nrtfv"},
}
_FLAGS = re.compile(r"\(\?([ims]+)\)")
_GROUP = re.compile(r"\((?:\?(?:P<[A-Za-z_]\w*>|:))?")
_REPEAT = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_MOST_REPEATS = 1000
"""RE2 refuses more."""
_PROBES = ("", "a", " a1_-B ", "\n")


@lru_cache(maxsize=512)
def python_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern for Python's `re`, matching what DuckDB matches.

    Raises:
        FormulaError: It is no regular expression, or one that the engines read differently.
    """
    try:
        return re.compile(_translated(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise FormulaError(f"{pattern!r} is not a regular expression: {error}") from error


def matches_nothing(pattern: str) -> bool:
    """True if the pattern can match an empty text; engines disagree on replacing those."""
    compiled = python_pattern(pattern)
    return any(found.end() == found.start() for probe in _PROBES for found in compiled.finditer(probe))


def replacement_parts(replacement: str, *, groups: int) -> tuple[str | int, ...]:
    """A replacement as texts and group numbers.

    Raises:
        FormulaError: A backslash is followed by something else than a backslash or the number of a group.
    """
    parts: list[str | int] = []
    for piece in re.findall(r"\\.?|[^\\]+", replacement, re.DOTALL):
        if not piece.startswith("\\"):
            parts.append(piece)
        elif piece == "\\\\":
            parts.append("\\")
        elif piece[1:].isdecimal() and piece[1:].isascii() and int(piece[1:]) <= groups:
            parts.append(int(piece[1:]))
        else:
            raise FormulaError(f"`{piece}` in the replacement names no group of the pattern, which has {groups}", fix="A backslash is written twice.")
    return tuple(parts)


def _translated(pattern: str) -> str:
    flags = _FLAGS.match(pattern)
    multiline = bool(flags and "m" in flags.group(1))
    at = flags.end() if flags else 0
    out = [flags.group() if flags else ""]
    while at < len(pattern):
        piece, at = _next(pattern, at, multiline=multiline)
        out.append(piece)
    return "".join(out)


def _next(pattern: str, at: int, *, multiline: bool) -> tuple[str, int]:
    sign = pattern[at]
    if sign == "\\":
        return _escape(pattern, at)
    if sign == "[":
        return _character_class(pattern, at)
    if sign == "(":
        return _group(pattern, at)
    if sign in "*+?{":
        return _repeat(pattern, at)
    if sign == "$" and not multiline:
        return "\\Z", at + 1
    return sign, at + 1


def _escape(pattern: str, at: int) -> tuple[str, int]:
    following = pattern[at + 1 : at + 2]
    if following in _ESCAPES:
        return _ESCAPES[following], at + 2
    if following and following.isascii() and not following.isalnum():
        return re.escape(following), at + 2
    raise _refused(pattern, pattern[at : at + 2])


def _group(pattern: str, at: int) -> tuple[str, int]:
    found = _GROUP.match(pattern, at)
    if found is None or (found.group() == "(" and pattern[at + 1 : at + 2] == "?"):
        raise _refused(pattern, pattern[at : at + 3])
    return found.group(), found.end()


def _repeat(pattern: str, at: int) -> tuple[str, int]:
    found = _REPEAT.match(pattern, at)
    if found is None:
        raise _refused(pattern, "{", fix="Write `\\{` for a brace, `{2}`, `{2,}` or `{2,5}` for a repetition.")
    if any(int(count) > _MOST_REPEATS for count in found.groups() if count):
        raise _refused(pattern, found.group(), fix=f"At most {_MOST_REPEATS} repetitions are possible.")
    if pattern[found.end() : found.end() + 1] in ("*", "+", "?"):
        raise _refused(pattern, pattern[at : found.end() + 1])
    return found.group(), found.end()


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    start, at = at, at + 1
    out = ["["]
    if pattern[at : at + 1] == "^":
        out.append("^")
        at += 1
    first = at
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        sign, following = pattern[at], pattern[at + 1 : at + 2]
        if sign == "\\" and (following in _CLASSES or following in tuple("nrtfv")):
            out.append(_CLASSES.get(following, f"\\{following}"))
            at += 2
        elif sign == "\\" and following and following.isascii() and not following.isalnum():
            out.append(f"\\{following}")
            at += 2
        elif sign == "\\" or (sign == "[" and following == ":"):
            raise _refused(pattern, sign + following)
        else:
            out.append("-" if sign == "-" else re.escape(sign))
            at += 1
    if at >= len(pattern):
        raise FormulaError(f"{pattern!r} is not a regular expression: `{pattern[start : start + 10]}` is not closed by `]`")
    return "".join((*out, "]")), at + 1


def _refused(pattern: str, part: str, fix: str = "") -> FormulaError:
    allowed = "Use letters, classes such as [a-z] and \\d \\w \\s \\b, groups, | * + ? {2,5} ^ $ . and (?i) at the beginning."
    return FormulaError(f"`{part}` in the pattern {pattern!r} is not known to every engine", fix=fix or allowed)


OUTPUT_DIRECTIVES = frozenset(["Y", "y", "m", "d", "H", "I", "M", "S", "f", "p", "j", "b", "B", "a", "A", "V", "G", "u", "%"]) | {
    f"-{c}" for c in "mdHIMSj"
}
INPUT_DIRECTIVES = frozenset(["Y", "y", "m", "d", "H", "I", "M", "S", "f", "p", "b", "B", "%"]) | {f"-{c}" for c in "mdHIMS"}
_DIRECTIVE = re.compile(r"%(-?.|$)", re.DOTALL)


def check_format(text: str, allowed: frozenset[str]) -> None:
    """Raise `FormulaError` if a date format has a directive that is not allowed."""
    for found in _DIRECTIVE.finditer(text):
        if found.group(1) not in allowed:
            raise FormulaError(f"`{found.group()}` in the format {text!r} is not known", fix="Known: " + " ".join(f"%{d}" for d in sorted(allowed)))


def format_parts(text: str) -> list[str]:
    """A date format cut into directives (`%Y`) and the texts between them."""
    return [part for part in re.split(r"(%-?.)", text) if part]
