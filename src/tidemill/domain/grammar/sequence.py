"""Puts sentences into the order in which they are to happen."""

from __future__ import annotations

import re
from dataclasses import replace

from tidemill.domain.grammar.sentences import Unit

_INSIDE = re.compile(
    r"^(.{10,}?)[,;]?\s*\(?(?:but |and )?(?:before that|beforehand|before doing so|before this)[,:]?\s+(.{5,}?)\)?[.]?$", re.IGNORECASE | re.DOTALL
)
_LEADING = re.compile(r"^(?:but |and )?(?:before that|beforehand|before doing so|before this|prior to that)[,:]?\s+(.*)$", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(
    r"^(?:but |and )?(?:before|prior to)\s+(?:the |you |we |doing the )?"
    r"(group|aggregat|sort|join|merg|combin|sum|count|calculat|comput|limit|pivot)\w*"
    r"((?:\s+(?:that|this|it|them|anything|the \w+|by \w+|the rows))?(?:\s+(?:on|by)\s+[\w`]+)?),\s+(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AFTER = re.compile(
    (
        r"^(?:but |and )?(?:after|once|when|as soon as)\s+(?:that|this|which|you(?:'ve| have)?|we(?:'ve|"
        r" have)?|it(?: is| has been)?|they are|the \w+(?: is| has been| are)?|all that is)?\s*(?:\w+ing|"
        r"joined|grouped|done|sorted|filtered|combined|merged|that|this|aggregated|join|the join|grouping|"
        r"step|finished|complete|ready|been done)?(?: them| it| the files| the tables| the two)?,\s+(.*)$"
    ),
    re.IGNORECASE | re.DOTALL,
)
_NAMES_IT = re.compile(
    (
        r"^(?:please )?(?:call|name) (?:it|this|that|them|these|the (?:result|column|new column|sum|"
        r"count|number|average|total)) [`\"'\w]+(?:(?:,| and) [`\"'\w]+)*[.!]?$"
    ),
    re.IGNORECASE,
)
_PLACES = frozenset({"source", "destination", "schedule", "heading", "title", "name"})


def reordered(units: list[Unit]) -> list[Unit]:
    """The units with `before that` put before what it speaks of."""
    done: list[Unit] = []
    for unit in units:
        if done and _NAMES_IT.match(unit.body) and done[-1].context not in _PLACES | {"sql"}:
            before = done[-1]
            joined = before.body.rstrip(" .?!;:")
            done[-1] = replace(before, text=f"{before.text} {unit.text}", body=f"{joined}, {unit.body[0].lower()}{unit.body[1:]}")
        elif unit.context in ("sql", "heading", "title"):
            done.append(unit)
        elif hit := _LEADING.match(unit.body):
            _insert(done, replace(unit, body=hit[1]), lambda u: u.context not in _PLACES)
        elif (hit := _NAMED.match(unit.body)) is not None:
            stem = hit[1].lower()
            _insert_or_add(done, replace(unit, body=hit[3]), stem)
            if " on " in hit[2] and not any(re.search(r"\b(?:join|merge)", u.body, re.IGNORECASE) for u in units if u is not unit):
                wish = f"{stem}{'e' if stem in ('merg', 'combin') else ''}{hit[2]}"
                done.append(replace(unit, text=wish, body=wish))
        elif (hit := _INSIDE.match(unit.body)) is not None:
            done.append(replace(unit, text=hit[2].strip(), body=hit[2].strip(), details=[]))
            done.append(replace(unit, text=hit[1].strip(), body=hit[1].strip()))
        elif (hit := _AFTER.match(unit.body)) is not None:
            done.append(replace(unit, body=hit[1]))
        else:
            done.append(unit)
    return done


def _insert(done: list[Unit], unit: Unit, movable: object) -> None:
    place = len(done)
    for k in range(len(done) - 1, -1, -1):
        if callable(movable) and movable(done[k]):
            place = k
            break
    done.insert(place, unit)


def _insert_or_add(done: list[Unit], unit: Unit, stem: str) -> None:
    words = {
        "group": ("group", "per ", "for each", "by "),
        "aggregat": ("group", "sum", "average", "per ", "count"),
        "sum": ("sum", "add up", "total"),
        "merg": ("merge", "join"),
        "combin": ("combine", "stack", "union"),
    }.get(stem, (stem,))
    for k in range(len(done) - 1, -1, -1):
        if any(w in done[k].body.lower() for w in words) and done[k].context not in _PLACES:
            done.insert(k, unit)
            return
    done.append(unit)
