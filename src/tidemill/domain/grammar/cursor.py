"""A place in a sentence from which readers consume tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from tidemill.domain.grammar.scope import Match, Scope
from tidemill.domain.grammar.tokens import Kind, Token
from tidemill.domain.grammar.vocabulary import ARTICLES, NUMBER_WORDS, ROW_NOUNS, STOPWORDS, singular, word_list

T = TypeVar("T")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_COLUMN_WORDS = ("column", "field", "columns", "fields", "attribute", "attributes", "value", "values", "variable")
_NO_WORDS = frozenset({Kind.QUOTED, Kind.TICK, Kind.PATH, Kind.DATE})
LONGEST_COLUMN = 7
"""Tokens of the longest column name that is looked for without quotation marks."""


@dataclass(frozen=True)
class Trouble:
    """Why a reader gave up on a definite point."""

    rule: str
    message: str
    at: int
    """Index of the token it concerns."""
    fix: str = ""
    sure: bool = False
    """True if the brief is wrong, not just the reader at a loss."""


@dataclass
class Cursor:
    """Tokens with a position; readers move it forward, and back to where they began if they fail."""

    text: str
    tokens: tuple[Token, ...]
    scope: Scope
    i: int = 0
    context: str = ""
    """Kind of operation that the label or heading above announces."""
    pending_keys: tuple[str, ...] = ()
    """Group keys named by an earlier sentence."""
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    """Words and hint of what was read, but not for certain."""
    table_nouns: frozenset[str] = frozenset()
    """Singular words that name one of the tables of the brief."""
    calculation: Callable[[Cursor], str | None] | None = None
    """Reads a calculation; conditions compare its result, and it can hold conditions itself."""
    rest_is_clear: bool = False
    """True if "the rest" can only mean the rows at hand: some were removed, and nothing was written yet."""
    row_count: str = ""
    """The column that holds how many rows each group had."""
    key_formulas: dict[str, str] = field(default_factory=dict)
    """Formulas of group keys that are no columns yet, by the name they get."""
    subject: tuple[str, ...] = ()
    """Columns that the last condition was about, for one that names none."""

    @property
    def done(self) -> bool:
        return self.i >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """The token `ahead` places on, None past the end."""
        k = self.i + ahead
        return self.tokens[k] if 0 <= k < len(self.tokens) else None

    def low(self, ahead: int = 0) -> str:
        token = self.peek(ahead)
        return token.low if token and token.kind in (Kind.WORD, Kind.MARK, Kind.NUMBER) else ""

    def take(self, *phrases: str) -> str | None:
        """Consumes the longest of `phrases` that stands here (inflected verbs count as their base form) and returns it."""
        found = self._standing(phrases)
        if found is None:
            return None
        self.i += found[0]
        return found[1]

    def sees(self, *phrases: str) -> bool:
        """True if one of `phrases` stands here."""
        return self._standing(phrases) is not None

    def _standing(self, phrases: tuple[str, ...]) -> tuple[int, str] | None:
        """Length in tokens and text of the longest phrase that stands here."""
        if self.i >= len(self.tokens):
            return None
        index = _compiled(phrases)
        low, lemma = self._forms(self.i)
        options = index.get(low, ())
        if lemma != low and (more := index.get(lemma)):
            options = tuple(sorted((*options, *more), key=lambda o: -len(o[0])))
        for words, phrase in options:
            if all(word in self._forms(self.i + k) for k, word in enumerate(words[1:], 1)):
                return len(words), phrase
        return None

    def _forms(self, i: int) -> tuple[str, str]:
        """The token as written and its base form, in lower case; empty for what is no word of the sentence itself."""
        if i >= len(self.tokens) or self.tokens[i].kind in _NO_WORDS:
            return ("", "")
        return self.tokens[i].forms

    def skip(self, *phrases: str) -> None:
        """Consumes any of `phrases` as often as they stand here."""
        while self.take(*phrases):
            pass

    def articles(self) -> None:
        while (token := self.peek()) and token.kind is Kind.WORD and token.low in ARTICLES and not (token.low == "a" and self._is_column_a()):
            self.i += 1

    def _is_column_a(self) -> bool:
        """True where `a` is a column's name rather than an article: there is one and no noun follows."""
        follower = self.peek(1)
        return "a" in self.scope.schema.columns and (follower is None or follower.kind is not Kind.WORD or follower.low in STOPWORDS)

    def attempt(self, reader: Callable[[], T | None]) -> T | None:
        """What `reader` returns; if that is None, as if it had not been tried."""
        with self.saved() as keep:
            found = reader()
            if found is not None:
                keep()
            return found

    def first(self, readers: Iterable[Callable[..., T | None]], *rest: object) -> T | None:
        """What the first of `readers` returns that reads something; each is called with this cursor and `rest`."""
        for reader in readers:
            if (found := self.attempt(partial(reader, self, *rest))) is not None:
                return found
        return None

    def longest(self, *readers: Callable[[], T | None]) -> T | None:
        """What the reader that comes furthest returns; of equals the first."""
        best: tuple[int, T, list[str], list[tuple[str, str]]] | None = None
        start, notes, doubts = self.i, list(self.notes), list(self.doubts)
        for reader in readers:
            self.i, self.notes[:], self.doubts[:] = start, notes, doubts
            found = reader()
            if found is not None and (best is None or self.i > best[0]):
                best = (self.i, found, list(self.notes), list(self.doubts))
        if best is None:
            self.i, self.notes[:], self.doubts[:] = start, notes, doubts
            return None
        self.i, self.notes[:], self.doubts[:] = best[0], best[2], best[3]
        return best[1]

    @contextmanager
    def saved(self) -> Iterator[Callable[[], None]]:
        """Restores the position on leaving, unless the callable given was called."""
        start, notes, doubts = self.i, len(self.notes), len(self.doubts)
        kept: list[bool] = []
        try:
            yield lambda: kept.append(True)
        finally:
            if not kept:
                self.i = start
                del self.notes[notes:], self.doubts[doubts:]

    def trouble(self, rule: str, message: str, fix: str = "", *, at: int | None = None, sure: bool = False) -> None:
        """Notes why reading cannot go on here."""
        self.troubles.append(Trouble(rule, message, self.i if at is None else at, fix, sure))

    # --- columns -------------------------------------------------------------------------------------------------------
    def column(self, *, demanded: bool = False) -> str | None:
        """A column of the table at hand, as written by people.

        Args:
            demanded: Only a column can stand here, so a word that matches none is worth a word to the person.
        """
        with self.saved() as keep:
            self.articles()
            troubles = len(self.troubles)
            found = self._name_here(demanded=demanded and self.low() not in _COLUMN_WORDS)
            if found is None and self._column_word_first():
                del self.troubles[troubles:]
                found = self._name_here(demanded=True)
            if found is None:
                return None
            if self.low() in _COLUMN_WORDS and self.low(1) not in ("named", "called"):
                self.i += 1
            keep()
            return found

    def _column_word_first(self) -> bool:
        with self.saved() as keep:
            if not self.take(*_COLUMN_WORDS):
                return False
            self.take("of", "in", "from", "named", "called", ":")
            self.articles()
            self.take(*_COLUMN_WORDS)
            self.take("named", "called")
            token = self.peek()
            if token is None or token.low in ("is", "are", "with"):
                return False
            keep()
            return True

    def _name_here(self, *, demanded: bool) -> str | None:
        token = self.peek()
        if token is None or token.kind in (Kind.PATH, Kind.DATE):
            return None
        if token.kind in (Kind.TICK, Kind.QUOTED):
            return self._quoted_column(token, demanded=demanded or token.kind is Kind.TICK)
        if token.kind is Kind.MARK:
            return None
        for length in range(min(LONGEST_COLUMN, len(self.tokens) - self.i), 0, -1):
            span = self.tokens[self.i : self.i + length]
            if any(t.kind in (Kind.TICK, Kind.QUOTED, Kind.PATH, Kind.DATE) or (t.kind is Kind.MARK and t.text not in "()#%/&-") for t in span):
                continue
            if span[-1].kind is Kind.MARK and not (span[-1].text in "#%" or (span[-1].text == ")" and any(t.text == "(" for t in span))):
                continue
            phrase = " ".join(t.text for t in span)
            match = self.scope.find(phrase, lenient=not _is_identifier(span) and not (length == 1 and token.low in STOPWORDS | {"first", "last"}))
            if len(match.names) == 1:
                self.i += length
                return match.names[0]
            if len(match.names) > 1:
                if demanded or length > 1 or not self.is_row_noun(token):
                    self.ambiguous(phrase, match, sure=demanded)
                return None
        if not self.scope.schema.complete and (free := self._free_column()):
            return free
        if demanded or "_" in token.text:
            self.unknown_column(self._phrase())
        return None

    def _quoted_column(self, token: Token, *, demanded: bool) -> str | None:
        match = self.scope.find(token.text, lenient=False)
        if len(match.names) == 1:
            self.i += 1
            return match.names[0]
        if len(match.names) > 1:
            self.ambiguous(token.text, match, sure=True)
        elif not self.scope.schema.complete and token.kind is Kind.TICK:
            self.i += 1
            return token.text
        elif demanded:
            self.unknown_column(token.text)
        return None

    def _free_column(self) -> str | None:
        """A column of a source that cannot be read: an identifier, or words joined by underscores."""
        words: list[str] = []
        while (token := self.peek(len(words))) and token.kind is Kind.WORD and token.low not in STOPWORDS | RESERVED and len(words) < 3:
            words.append(token.text)
            if "_" in token.text:
                break
        if not words:
            return None
        self.i += len(words)
        if len(words) > 1:
            name = "_".join(w.lower().replace("-", "_") for w in words)
            self.notes.append(f"{' '.join(words)!r} is taken for the column `{name}`; the source could not be read to see.")
            return name
        return words[0]

    def _phrase(self) -> str:
        words: list[str] = []
        for token in self.tokens[self.i : self.i + 4]:
            if token.kind is not Kind.WORD or token.low in STOPWORDS:
                break
            words.append(token.text)
            if "_" in token.text:
                break
        return " ".join(words) or (self.tokens[self.i].text if not self.done else "")

    def unknown_column(self, phrase: str) -> None:
        near = self.scope.find(phrase).near or self.scope.near(phrase)
        known = ", ".join(f"`{n}`" for n in list(self.scope.schema.columns)[:30])
        fix = f"Did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else f"The columns here are {known}."
        self.trouble(
            "unknown-column",
            f"There is no column {phrase!r} in the table at this point.",
            fix,
            sure=self.scope.schema.complete and self._surely_column(phrase),
        )

    def _surely_column(self, phrase: str) -> bool:
        """True if nothing but a column can be meant: an identifier, or a noun where only a column can stand."""
        if "_" in phrase or (not self.done and self.tokens[self.i].kind is Kind.TICK):
            return True
        back = 2 if self.i > 1 and self.tokens[self.i - 1].low in ARTICLES else 1
        before = self.tokens[self.i - back].low if self.i >= back else ""
        first = phrase.split(maxsplit=1)[0].lower() if phrase.split() else ""
        return bool(first) and first not in STOPWORDS | RESERVED and before in ("where", "whose", "by", "column", "columns", "per", "each")

    def ambiguous(self, phrase: str, match: Match, *, sure: bool) -> None:
        names = ", ".join(f"`{n}`" for n in match.names)
        self.trouble("ambiguous-column", f"{phrase!r} fits several columns equally well: {names}.", "Write the column's full name.", sure=sure)

    def columns(self, *, demanded: bool = False) -> tuple[str, ...]:
        """A list of columns: `a`, `a and b`, `a, b, and c`; empty if none stands here."""
        self.take("both", "either")
        first = self.column(demanded=demanded)
        found = [first] if first else []
        while found and (name := self.attempt(self._next_column)):
            if name not in found:
                found.append(name)
        return tuple(found)

    def _next_column(self) -> str | None:
        return self.column() if self.list_mark() else None

    def list_mark(self) -> bool:
        """Consumes what separates the parts of a list."""
        start = self.i
        self.take(",", "/", "&", "+")
        self.take("and also", "and then", "and", "or", "then", "plus", "as well as", "&", "then by")
        return self.i > start

    # --- other small parts -----------------------------------------------------------------------------------------------
    def new_name(self) -> str | None:
        """A name for a column that is made."""
        with self.saved() as keep:
            self.take("the", "a", "an", "it")
            self.take("new column", "column", "field")
            token = self.peek()
            if token is None:
                return None
            if token.kind in (Kind.TICK, Kind.QUOTED) and token.text.strip():
                self.i += 1
                keep()
                return token.text.strip()
            if token.kind is Kind.WORD and _IDENTIFIER.fullmatch(token.text) and ("_" in token.text or token.low not in STOPWORDS):
                self.i += 1
                keep()
                return token.text
            return None

    def names(self) -> list[str]:
        """A list of new names."""
        found: list[str] = []
        while name := self.new_name():
            found.append(name)
            with self.saved() as keep:
                if not self.list_mark() or (token := self.peek()) is None:
                    break
                if token.kind not in (Kind.WORD, Kind.TICK, Kind.QUOTED) or token.lemma in RESERVED or token.low in STOPWORDS:
                    break
                if self.low(1) in ("=", ":=", ":", "is"):
                    break
                keep()
        return found

    def count(self) -> int | None:
        """A small whole number, in digits or words."""
        token = self.peek()
        if token is None:
            return None
        if token.kind is Kind.NUMBER and token.text.replace(",", "").isdigit():
            self.i += 1
            return int(token.text.replace(",", ""))
        if token.kind is Kind.WORD and token.low in NUMBER_WORDS:
            self.i += 1
            return NUMBER_WORDS[token.low]
        return None

    def row_noun(self) -> bool:
        """Consumes a word for the rows at hand: `rows`, `the orders`, `those`."""
        with self.saved() as keep:
            self.take("any", "all", "all of", "every", "each", "of", "only")
            self.take("the", "those", "these", "their", "such", "our", "of the", "of those")
            token = self.peek()
            if token and token.kind is Kind.WORD and self.is_row_noun(token):
                self.i += 1
                self.take("rows", "row", "records", "entries", "lines")
                keep()
                return True
            before = self.peek(-1)
            if before and before.low in ("those", "these") and self.i > 0:
                keep()
                return True
            return False

    def row_noun_before_with(self) -> bool:
        """Consumes a noun for the rows where `with` follows: `the order with the highest amount`."""
        token = self.peek()
        if token and self.low(1) == "with" and self.is_row_noun(token):
            self.i += 1
            return True
        return False

    def column_next(self) -> bool:
        """True if a column stands here."""
        with self.saved():
            return self.column() is not None

    def is_row_noun(self, token: Token) -> bool:
        """True if the word names rows: generic, or the brief calls the table so; never a value that the data holds."""
        word = singular(token.low)
        if token.low in ROW_NOUNS:
            return True
        return word in self.scope.nouns and not self.scope.columns_holding(word) and not self.scope.columns_holding(token.low)

    def words_between(self, start: int, end: int) -> str:
        """The text from token `start` to before token `end`, as it stands."""
        if start >= end or start >= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[min(end, len(self.tokens)) - 1].end]


_SPACED = re.compile(r"[(),](?=.)|(?<=.)[(),]")


@lru_cache(maxsize=2048)
def _compiled(phrases: tuple[str, ...]) -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Phrases by their first word, the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for phrase in phrases:
        words = tuple(_SPACED.sub(r" \g<0> ", phrase).split())
        found.setdefault(words[0], []).append((words, phrase))
    return {first: tuple(sorted(some, key=lambda o: -len(o[0]))) for first, some in found.items()}


def _is_identifier(span: tuple[Token, ...]) -> bool:
    return len(span) == 1 and "_" in span[0].text


RESERVED = frozenset(
    word_list(
        "read load use take fetch import open keep only drop remove exclude ignore skip discard filter where sort order group aggregate "
        "sum count average mean median total minimum maximum min max save write output export store put rename join merge combine union "
        "append calculate compute add derive fill replace convert cast limit top bottom first last round rank pivot unpivot select column "
        "columns row rows called named call name schedule run daily hourly weekly descending ascending desc asc highest lowest largest "
        "smallest null missing empty blank true false yes equals equal contains containing starts ends starting ending distinct unique "
        "different number plus minus times divided"
    )
)
"""Words that are never taken for a column whose name was not seen."""
