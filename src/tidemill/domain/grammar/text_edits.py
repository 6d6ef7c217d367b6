"""Changes inside texts in English: characters replaced, removed or put in front."""

from __future__ import annotations

from collections.abc import Callable

from tidemill.domain.grammar.condition_config import literal
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.phrasebook import text_edits as w
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import ARTICLES
from tidemill.domain.table_schema import ColumnType

_CHARACTERS = {
    "space": " ", "blank": " ", "dash": "-", "hyphen": "-", "minus sign": "-", "dot": ".", "full stop": ".", "point": ".", "comma": ",",
    "underscore": "_", "slash": "/", "colon": ":", "semicolon": ";", "apostrophe": "'", "hash": "#", "plus sign": "+", "percent sign": "%",
}  # fmt: skip
_NAMES = {**_CHARACTERS, **{(f"{n}es" if n.endswith(("sh", "ss")) else f"{n}s"): mark for n, mark in _CHARACTERS.items()}}


def edited(c: Cursor, text: str) -> str | None:
    """What follows a text and changes it: `with every "-" replaced by ""`, `without spaces`, `padded to 5 digits`."""
    return c.first((_replaced_behind, _without, _padded), text)


def _part(c: Cursor) -> str | None:
    """The characters that are meant: in quotation marks, or by their name."""
    c.take(*w.EVERY)
    c.take("the text", "the character", "the sign", "character", "sign", "occurrence of", "occurrences of")
    token = c.peek()
    if token is not None and token.kind is Kind.QUOTED:
        c.i += 1
        return token.text
    c.articles()
    name = c.take(*_NAMES)
    return _NAMES[name] if name else None


def _substitute(c: Cursor) -> str | None:
    if c.take(*w.NOTHING):
        return ""
    return _part(c)


def _swap(text: str, old: str, new: str) -> str | None:
    return f"replace({text}, {literal(old)}, {literal(new)})" if old else None


def _replaced_behind(c: Cursor, text: str) -> str | None:
    c.take(",")
    bracket = c.take("(")
    if not c.take("with", "but with", "having"):
        return None
    old = _part(c)
    if not old:
        return None
    new = "" if c.take(*w.REMOVED) else _substitute(c) if c.take(*w.REPLACED_BY) else None
    return _swap(text, old, new) if new is not None and (not bracket or c.take(")")) else None


def _without(c: Cursor, text: str) -> str | None:
    if not c.take("without", "minus the", "stripped of") or c.sees("a", "one") or _joining(c):
        return None
    old = _part(c)
    if not old or c.sees("between", "in between", "around"):
        return None
    return _swap(text, old, "")


def _joining(c: Cursor) -> bool:
    """True where several texts are put together, so that `without spaces` speaks of what is between them."""
    following = ""
    for token in reversed(c.tokens[: c.i - 1]):
        if token.text in ("=", ":", ":=") or (token.text == "," and following in ARTICLES):
            return False
        following = token.low
        if token.low in ("and", "plus", "&", ",", "followed", "joined"):
            return True
    return False


def _padded(c: Cursor, text: str) -> str | None:
    if not c.take("padded", "left-padded", "filled up", "zero-padded", "left padded"):
        return None
    return _to_length(c, text, zeros="zero" in c.tokens[c.i - 1].low)


def _to_length(c: Cursor, text: str, *, zeros: bool) -> str | None:
    zeros = bool(c.take(*w.WITH_ZEROS)) or zeros
    c.take("on the left", "at the front", "in front")
    if not c.take("to", "to a length of", "up to", "to a width of"):
        return None
    count = c.count()
    unit = c.take(*w.PLACES) if count else None
    if count is None:
        return None
    zeros = bool(c.take(*w.WITH_ZEROS)) or zeros or unit in ("digits", "digit")
    c.take("on the left", "at the front", "in front")
    return f"lpad({text}, {count}, '0')" if zeros else None


def initials(c: Cursor, operand: Callable[[Cursor], str | None]) -> str | None:
    """`the initials of first_name and last_name`."""
    c.articles()
    if not c.take("initials of", "initials from", "first letters of", "first letter each of", "first letters from"):
        return None
    found = [one] if (one := operand(c)) else []
    while found and (more := c.attempt(lambda: operand(c) if c.list_mark() else None)):
        found.append(more)
    return f"concat({', '.join(f'left({f}, 1)' for f in found)})" if len(found) > 1 else None


def read_text_edit(c: Cursor) -> list[Act] | None:
    """`remove spaces from phone`, `in part_no replace "-" by "/"`, `pad code to 5 digits`."""
    return c.first((_removing, _replacing, _replacing_in, _padding))


def _acts(c: Cursor, names: tuple[str, ...], make: Callable[[str], str | None]) -> list[Act] | None:
    if not names or any(c.scope.type_of(n) not in (ColumnType.STRING, ColumnType.UNKNOWN) for n in names):
        return None
    formulas = [make(f"{{{n}}}") for n in names]
    if not all(formulas):
        return None
    return [Operation(f"Rewrite {', '.join(names)}", {"add_columns": tuple({"name": n, "formula": f} for n, f in zip(names, formulas, strict=True))})]


def _is_whole_value(c: Cursor, part: str, names: tuple[str, ...]) -> bool:
    """True if the text may be meant as a whole value: there is one, or it is a word."""
    return any(part in c.scope.samples.get(n, ()) for n in names) or (any(ch.isalnum() for ch in part) and not part.endswith((" ", "-")))


def _removing(c: Cursor) -> list[Act] | None:
    if not c.take("remove", "strip", "delete", "take out", "cut out", "take away", "cut", "drop", "get rid of", "strip out"):
        return None
    old = _part(c)
    names = c.columns(demanded=True) if old and c.take("from", "in", "inside", "out of", "within") else ()
    if not old or not names or _is_whole_value(c, old, names):
        return None
    return _acts(c, names, lambda text: _swap(text, old, ""))


def _replacing(c: Cursor) -> list[Act] | None:
    """`replace every "-" with "" in part_no`, `replace "-" in part_no by "/"`."""
    if not c.take("replace", "change", "substitute", "turn", "swap"):
        return None
    sure = c.sees("every", "each", "all", "any") and not c.sees("all values", "every value", "each value")
    old = _part(c)
    if not old:
        return None
    names = c.columns(demanded=True) if c.take("in", "of") else ()
    new = _substitute(c) if c.take("with", "by", "to", "into", "for") else None
    if new is None:
        return None
    names = names or (c.columns(demanded=True) if c.take("in", "of") else ())
    if not names or any(old in c.scope.samples.get(n, ()) for n in names) or (not sure and _is_whole_value(c, old, names)):
        return None
    return _acts(c, names, lambda text: _swap(text, old, new))


def _replacing_in(c: Cursor) -> list[Act] | None:
    """`in part_no replace "-" with ""`."""
    names = c.columns() if c.take("in", "within", "inside") else ()
    c.take(",")
    if not names or not c.take("replace", "change", "substitute", "turn", "swap", "remove", "strip", "delete"):
        return None
    removes = c.tokens[c.i - 1].lemma in ("remove", "strip", "delete")
    sure = c.sees("every", "each", "all", "any")
    old = _part(c)
    new = ("" if removes else _substitute(c) if c.take("with", "by", "to", "into", "for") else None) if old else None
    if not old or new is None or any(old in c.scope.samples.get(n, ()) for n in names) or (not sure and _is_whole_value(c, old, names)):
        return None
    return _acts(c, names, lambda text: _swap(text, old, new))


def _padding(c: Cursor) -> list[Act] | None:
    if not c.take("pad", "left-pad", "zero-pad", "left pad", "fill up"):
        return None
    zeros = "zero" in c.tokens[c.i - 1].low
    names = c.columns(demanded=True)
    if len(names) != 1:
        return None
    formula = _to_length(c, f"{{{names[0]}}}", zeros=zeros)
    return _acts(c, names, lambda _: formula) if formula else None
