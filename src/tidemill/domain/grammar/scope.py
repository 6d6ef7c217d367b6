"""What a sentence can speak of: the columns of a table, matched to words as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from tidemill.domain.grammar.vocabulary import SUFFIXES, singular
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import CastConfig

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-zß-öø-ÿ]+|[A-Z]+|\d+|[^\W\d_]+")


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name in lower case and singular: `OrderLines`, `order_lines` and `order line` are the same."""
    return tuple(singular(p.lower()) for p in _PARTS.findall(text.replace("'s", "").replace("’s", "")))


@dataclass(frozen=True)
class Match:
    """What a phrase may mean."""

    names: tuple[str, ...]
    """One: it is meant. Several: equally good. None: no such column."""
    near: tuple[str, ...] = ()
    """Columns that have all its words, and others besides."""


@dataclass(frozen=True)
class Scope:
    """The columns at one place of the pipeline."""

    schema: TableSchema
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values seen in the source, for columns that still hold them unchanged."""
    nouns: frozenset[str] = frozenset()
    """Singular words that name the rows of this table."""
    casts: Mapping[str, CastConfig] = field(default_factory=dict)
    """Casts that read all values of a text column."""
    unique: frozenset[str] = frozenset()
    """Columns that tell the source's rows apart."""

    @classmethod
    def empty(cls) -> Scope:
        return cls(TableSchema())

    @cached_property
    def by_words(self) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        found: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name in self.schema.columns:
            words = name_words(name)
            for key in {words, ("".join(words),)}:
                found[key] = (*found.get(key, ()), name)
        return found

    def find(self, phrase: str, *, lenient: bool = True) -> Match:
        """The columns a phrase may mean; `lenient` lets a unit or `id`, `date` … at the end of the column's name be left out."""
        if phrase in self.schema.columns:
            return Match((phrase,))
        same = [n for n in self.schema.columns if n.lower() == phrase.lower()]
        if len(same) == 1:
            return Match(tuple(same))
        words = name_words(phrase)
        if not words:
            return Match(())
        if exact := (self.by_words.get(words) or self.by_words.get(("".join(words),))):
            return Match(exact)
        holding = tuple(n for n in self.schema.columns if set(words) <= set(name_words(n)))
        if not lenient:
            return Match((), holding)
        endings = tuple(n for n in holding if name_words(n)[: len(words)] == words and set(name_words(n)[len(words) :]) <= SUFFIXES)
        if len(holding) == 1 and len(endings) == 1:
            return Match(endings)
        if len(holding) > 1:
            return Match(holding, holding)
        return Match((), holding)

    def near(self, phrase: str) -> tuple[str, ...]:
        """The columns spelled most alike."""
        lowered = {n.lower(): n for n in self.schema.columns}
        return tuple(lowered[m] for m in get_close_matches(phrase.lower(), list(lowered), n=3, cutoff=0.6))

    def type_of(self, column: str) -> ColumnType:
        return self.schema.columns.get(column, ColumnType.UNKNOWN)

    def columns_holding(self, value: str) -> tuple[str, ...]:
        """The columns in which `value` was seen, in any case of letters."""
        low = value.lower()
        return tuple(c for c, values in self.samples.items() if c in self.schema.columns and any(v.lower() == low for v in values))
