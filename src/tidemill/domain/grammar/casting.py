"""Sentences that turn a column into another type."""

from __future__ import annotations

import re

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Operation, Said
from tidemill.domain.grammar.phrasebook import casting as w
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.table_schema import ColumnType

_TYPES = {
    "a number": "number",
    "number": "number",
    "numbers": "number",
    "numeric": "number",
    "a numeric value": "number",
    "decimal": "number",
    "a decimal": "number",
    "float": "number",
    "a float": "number",
    "a real number": "number",
    "real numbers": "number",
    "decimals": "number",
    "decimal numbers": "number",
    "a decimal number": "number",
    "numeric values": "number",
    "proper numbers": "number",
    "a proper number": "number",
    "real number": "number",
    "plain numbers": "number",
    "a plain number": "number",
    "an integer": "integer",
    "integer": "integer",
    "integers": "integer",
    "whole numbers": "integer",
    "a whole number": "integer",
    "int": "integer",
    "a date": "date",
    "date": "date",
    "dates": "date",
    "proper dates": "date",
    "real dates": "date",
    "a real date": "date",
    "a proper date": "date",
    "an iso date": "date",
    "iso dates": "date",
    "text": "string",
    "a string": "string",
    "string": "string",
    "strings": "string",
    "a text": "string",
    "texts": "string",
    "a timestamp": "timestamp",
    "timestamp": "timestamp",
    "timestamps": "timestamp",
    "a date and time": "timestamp",
    "a datetime": "timestamp",
    "datetime": "timestamp",
    "a boolean": "boolean",
    "boolean": "boolean",
    "true/false": "boolean",
    "true or false": "boolean",
}


def read_cast(c: Cursor) -> list[Act] | None:
    """`convert x to a number`, `"Amount EUR" is text with thousands separators such as 1,250.00; convert it to a number`."""
    return c.longest(lambda: c.attempt(lambda: _stays(c)), lambda: c.attempt(lambda: _verb_first(c)), lambda: c.attempt(lambda: _described(c)))


def _stays(c: Cursor) -> list[Act] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """`postcode stays text, e.g. 01067`, `keep the store code as text`: nothing to do where the column is of that type, else a conversion."""
    zeros = bare = False
    if c.take(*w.ZEROS_OF):
        names, kind, zeros = c.columns(), "string", True
        if not names or not c.take(*w.ARE_KEPT):
            return None
    elif c.take(*w.LEAVE):
        c.take("the values of", "values of")
        names = c.columns()
        _example(c)
        if not names or not c.take("as", "to be", "a", ":") or (said := c.take(*_TYPES)) is None:
            return None
        kind = _TYPES[said]
    else:
        names = c.columns()
        _example(c)
        if not names:
            return None
        if stays := c.take(*w.STAYS):
            bare = stays in ("is", "are", "is still")
            c.take("as")
            if (said := c.take(*_TYPES)) is None or (bare and _may_be_condition(c, names, said)):
                return None
            kind = _TYPES[said]
        elif c.take(*w.KEEPS_ZEROS):
            kind, zeros = "string", True
        else:
            return None
    _example(c)
    c.attempt(lambda: (c.take(",", ";", "-", "–"), c.take(*w.NO_NUMBER))[1])
    with c.saved() as keep:
        c.take(",", "and", ";", "(", "-", "–", ":")
        c.take("and", "so", "because", "as", "please")
        if c.take(*w.KEEPS_ZEROS):
            c.take(")")
            zeros = True
            keep()
    types = c.scope.schema.columns
    if any(n not in types for n in names):
        return None
    other = [n for n in names if types[n].value != kind and not (kind == "number" and types[n].value == "integer")]
    if not other:
        return [Said("guaranteed")]
    if bare and kind != "string":
        return None
    if zeros:
        c.trouble("type", f"{other[0]!r} is read as {types[other[0]].value}, so leading zeros are lost already.", "Quote the values in the file.")
        return None
    return _cast(c, tuple(other), kind, {})


def _may_be_condition(c: Cursor, names: tuple[str, ...], said: str) -> bool:
    """True where `kind is text` may pick the rows whose value is "text"."""
    return c.context in ("filter", "exclude") or any(said.lower() == str(v).lower() for n in names for v in c.scope.samples.get(n, ()))


def _example(c: Cursor) -> None:
    """`such as 0042`, `, e.g. 01067`."""
    with c.saved() as keep:
        bracket = c.take("(") or c.take(",")
        if not c.take(*w.SUCH_AS):
            return
        c.take(",", ":")
        if (token := c.peek()) is None or token.kind not in (Kind.NUMBER, Kind.QUOTED, Kind.WORD, Kind.TICK):
            return
        c.i += 1
        if bracket == "(" and not c.take(")"):
            return
        keep()


def _verb_first(c: Cursor) -> list[Act] | None:
    if not c.take(*w.VERBS) and c.context != "cast":
        return None
    names = c.columns(demanded=False)
    if not names:
        return None
    hints: dict[str, object] = {}
    _descriptions(c, hints)
    c.take("from text", "from a string", "from strings", "from a text")
    if not c.take("to", "into", "as", "in", ":", "->"):
        return None
    kind = c.take(*_TYPES)
    if kind is None:
        return None
    _descriptions(c, hints)
    return _cast(c, names, _TYPES[kind], hints)


def _described(c: Cursor) -> list[Act] | None:
    """First how the text looks, then the wish to convert it."""
    c.take("the values in", "the values of", "values in")
    names = c.columns()
    if not names or not c.take(*w.IS):
        return None
    hints: dict[str, object] = {}
    c.take("a", "still", "currently", "stored as", "written as", "given as")
    c.take("text", "texts", "a string", "strings", "string", "text values")
    start = c.i
    _descriptions(c, hints)
    if start == c.i and c.tokens[c.i - 1].low not in ("text", "texts", "string", "strings"):
        return None
    c.skip(*w.MARKS)
    if not c.take(*w.VERBS):
        return None
    if not (c.take(*w.IT) or c.columns() == names):
        return None
    if not c.take("to", "into", "as"):
        return None
    kind = c.take(*_TYPES)
    if kind is None:
        return None
    _descriptions(c, hints)
    return _cast(c, names, _TYPES[kind], hints)


_FORMATS = (("yyyy", "%Y"), ("yy", "%y"), ("mmmm", "%B"), ("mmm", "%b"), ("mm", "%m"), ("dd", "%d"), ("hh", "%H"), ("ss", "%S"))


def _descriptions(c: Cursor, hints: dict[str, object]) -> None:
    """Consumes remarks on how the text looks, and notes what they mean."""
    while c.attempt(lambda: _description(c, hints)):
        pass


def _description(c: Cursor, hints: dict[str, object]) -> bool | None:
    c.take(",", "and", ";")
    bracket = c.take("(")
    c.take(*w.WITH)
    c.take("a", "the", "its")
    if c.take(*w.THOUSANDS_SEPARATORS):
        if hints.get("decimal") != ",":
            hints["thousands"] = ","
    elif c.take(*w.DOTS_AS_THOUSANDS_SEPARATORS):
        hints["thousands"] = "."
    elif c.take(*w.GERMAN_NUMBERS):
        hints |= {"decimal": ",", "thousands": "."}
    elif c.take(*w.DECIMAL_COMMA):
        hints["decimal"] = ","
        if hints.get("thousands") == ",":
            del hints["thousands"]
    elif c.take(*w.EURO_SIGNS):
        hints["strip"] = str(hints.get("strip", "")) + _sign(c.tokens[c.i - 2].low)
        c.take("in front", "at the end", "behind", "before it")
    elif c.take(*w.SUCH_AS):
        if not _examples(c, hints):
            return None
    elif (c.take(*w.IN_THE_FORMAT) or True) and (found := _format(c)):
        hints["format"] = found
    else:
        return None
    if bracket and not c.take(")"):
        return None
    return True


def _sign(word: str) -> str:
    return {"euro": "€", "dollar": "$", "pound": "£", "percent": "%"}.get(word, word if word in "€$£%" else "€$£")


def _examples(c: Cursor, hints: dict[str, object]) -> bool:
    found = []
    while token := c.peek():
        if token.kind not in (Kind.NUMBER, Kind.DATE, Kind.QUOTED, Kind.TICK) and not re.match(r"\d", token.text):
            break
        text = token.text
        c.i += 1
        while (
            (following := c.peek())
            and following.start == c.tokens[c.i - 1].end
            and following.text in ",.-/"
            and (second := c.peek(1))
            and second.start == following.end
            and second.kind in (Kind.NUMBER, Kind.WORD)
        ):
            text += following.text + second.text
            c.i += 2
        found.append(text)
        with c.saved() as keep:
            if c.list_mark() and (after := c.peek()) and after.kind in (Kind.NUMBER, Kind.DATE, Kind.QUOTED):
                keep()
                continue
        break
    for text in found:
        if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) and hints.get("decimal") != ",":
            hints["thousands"] = ","
        elif re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d+", text):
            hints |= {"decimal": ",", "thousands": "."}
        elif (match := re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})[./-]\d{4}", text)) and int(match[1]) > 12:
            hints["format"] = f"%d{match[2]}%m{match[2]}%Y"
        elif match and "format" not in hints and not _format_ahead(c):
            return False
    return bool(found)


def _format_ahead(c: Cursor) -> bool:
    """True where the order of day and month is told behind an example that leaves it open."""
    with c.saved():
        c.take(",")
        c.take("(")
        return _format(c) is not None


def _format(c: Cursor) -> str | None:
    """`DD.MM.YYYY`, `dd/mm/yyyy hh:mm`, `day.month.year`, `"%d.%m.%Y"`."""
    token = c.peek()
    if token is None:
        return None
    if token.kind in (Kind.QUOTED, Kind.TICK):
        text = _strptime(token.text)
        if text:
            c.i += 1
        return text
    if token.text == "%":
        end = c.i
        while end < len(c.tokens) and (c.tokens[end].text in "%./-:" or re.fullmatch(r"[a-zA-Z]", c.tokens[end].text)):
            end += 1
        text = c.words_between(c.i, end)
        c.i = end
        return text
    end = c.i
    while end < len(c.tokens) and (end == c.i or c.tokens[end].start == c.tokens[end - 1].end):
        end += 1
    while end > c.i:
        text = _strptime(c.words_between(c.i, end))
        if text:
            c.i = end
            return text
        end -= 1
    return None


def _strptime(text: str) -> str | None:
    low = text.lower()
    if "%" in text:
        return text
    for word, code in (("day", "dd"), ("month", "mm"), ("year", "yyyy")):
        low = low.replace(word, code)
    if "yy" not in low or "m" not in low or not re.fullmatch(r"[ymdhs./:\- t]+", low):
        return None
    head, _, tail = low.partition(" ")
    for token, code in _FORMATS:
        head = head.replace(token, code)
    tail = tail.replace("hh", "%H").replace("mm", "%M").replace("ss", "%S")
    found = f"{head} {tail}".strip()
    return found if re.fullmatch(r"(%[YymdBbHMS]|[./:\- t])+", found) else None


def _cast(c: Cursor, names: tuple[str, ...], kind: str, hints: dict[str, object]) -> list[Act] | None:
    casts: dict[str, object] = {}
    c.take("first", "before anything else")
    with c.saved() as keep:
        c.take(",", ";")
        if c.take(*w.VALUE_THAT_CANNOT_BE_READ_BE):
            hints["on_error"] = "missing"
            keep()
    for name in names:
        own = dict(hints)
        seen = c.scope.samples.get(name, ())
        is_text = c.scope.type_of(name) in (ColumnType.STRING, ColumnType.UNKNOWN)
        if kind in ("date", "timestamp") and is_text and "format" not in own and not all(re.match(r"\d{4}-\d\d-\d\d", v) for v in seen):
            found = _guessed_format(seen)
            if found is None:
                c.trouble(
                    "date-format",
                    f"It is not said how the dates in `{name}` are written.",
                    f"Say the format: 'convert {name} to a date, format DD.MM.YYYY'.",
                )
                return None
            own["format"] = found
            c.notes.append(f"`{name}` is read with the format {found}.")
        if kind in ("number", "integer") and is_text and not own and seen and not all(re.fullmatch(r"-?\d+(\.\d+)?", v.strip()) for v in seen):
            offered = c.scope.casts.get(name)
            if offered is None:
                c.trouble(
                    "number-format",
                    f"`{name}` holds texts that are no plain numbers, such as {seen[0]!r}.",
                    "Say how they are written: 'thousands separators', 'decimal comma', 'currency signs'.",
                )
                return None
            casts[name] = offered.model_copy(update={"to": ColumnType(kind)})
            continue
        casts[name] = {"to": kind, **own} if own else kind
    return [Operation(f"Convert {', '.join(names)}", {"cast": casts})]


def _guessed_format(seen: object) -> str | None:
    """The format that all values seen have and that cannot be taken for another."""
    values = list(seen) if isinstance(seen, (tuple, list)) else []
    parts = [re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})", str(v)) for v in values]
    if not values or not all(parts) or len({p[2] for p in parts if p}) > 1:
        return None
    mark = next(p[2] for p in parts if p)
    if any(int(p[1]) > 12 for p in parts if p) or mark == ".":
        return f"%d{mark}%m{mark}%Y"
    return f"%m{mark}%d{mark}%Y" if any(int(p[3]) > 12 for p in parts if p) else None
