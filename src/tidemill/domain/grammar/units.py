"""Units behind a number, which must not be dropped."""

from __future__ import annotations

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.scope import name_words
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import singular

_UNITS: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "eur euro €",
        "usd dollar $",
        "gbp pound £",
        "chf franc",
        "kg kilo kilogram",
        "g gram",
        "t ton tonne",
        "km kilometre kilometer",
        "m metre meter",
        "cm centimetre centimeter",
        "mm",
        "l litre liter",
        "ml",
        "minute min",
        "hour hr h",
        "second sec s",
        "day d",
        "week",
        "month",
        "year",
        "percent pct",
        "kwh",
        "kw",
        "mwh",
        "celsius degree c",
        "point",
        "unit piece item pcs",
        "mb",
        "gb",
        "star",
        "night",
        "page",
        "mile",
        "lb",
        "m2",
        "m3",
        "ms",
    )
)


def take_unit(c: Cursor, column: str) -> None:
    """Consumes a unit if the column can be in that unit; a different one is trouble, and left standing."""
    token = c.peek()
    if token is None or token.kind not in (Kind.WORD, Kind.MARK):
        return
    word = singular(token.low)
    family = next((u for u in _UNITS if word in u), None)
    if family is None:
        return
    own = set(name_words(column))
    said = [u for u in _UNITS if u & own]
    if said and family not in said:
        c.trouble("unit", f"`{column}` seems to be in another unit than {token.text!r}.", f"Write the number in the unit of `{column}`.", sure=False)
        return
    c.i += 1
    c.take("in", "of")
    with c.saved() as keep:
        if c.column() == column:
            keep()
            return
    previous = c.peek(-1)
    if previous is not None and previous.low in ("in", "of"):
        c.i -= 1
