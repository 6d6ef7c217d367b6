"""Reads a sentence clause by clause; every word must be accounted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tidemill.domain.grammar.aggregates import read_group
from tidemill.domain.grammar.casting import read_cast
from tidemill.domain.grammar.column_steps import read_add, read_choice, read_drop_columns, read_fill, read_rename, read_replace, read_round
from tidemill.domain.grammar.cursor import Cursor, Trouble
from tidemill.domain.grammar.expressions import calculation
from tidemill.domain.grammar.filters import read_bare_condition, read_complete_rows, read_filter
from tidemill.domain.grammar.joins import Tables, read_join, read_join_remark, read_union, table_here
from tidemill.domain.grammar.operations import Act, CellFill, Combination, JoinRemark, Keys, Operation, Said, Target
from tidemill.domain.grammar.phrasebook import clauses as w
from tidemill.domain.grammar.places import OPERATIVE, read_source, read_target
from tidemill.domain.grammar.remarks import describes_a_file, is_guaranteed
from tidemill.domain.grammar.reshape import read_cell_remark, read_pivot, read_unpivot
from tidemill.domain.grammar.scope import Scope
from tidemill.domain.grammar.sorting import read_dedupe, read_having, read_limit, read_sort
from tidemill.domain.grammar.tokens import Kind, tokenise
from tidemill.domain.grammar.vocabulary import ARTICLES, FILLERS, singular, word_list
from tidemill.domain.grammar.workspace import Workspace

_READERS: tuple[Callable[[Cursor], list[Act] | None], ...] = (
    read_dedupe, read_limit, read_pivot, read_unpivot, read_cell_remark, read_complete_rows, read_group, read_cast, read_fill, read_round,
    read_rename, read_add, read_replace, read_choice, read_drop_columns, read_filter, read_having, read_sort,
)  # fmt: skip


@dataclass
class Piece:
    """A stretch of a sentence: read to acts and applied, or not understood."""

    words: str
    step: str = ""
    hint: str = ""
    trouble: Trouble | None = None
    understood: bool = True


@dataclass
class Outcome:
    """What became of one sentence."""

    pieces: list[Piece] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    workspace: Workspace | None = None

    @property
    def lost(self) -> int:
        """Words that were not understood."""
        return sum(len(p.words.split()) for p in self.pieces if not p.understood)


def read_clauses(text: str, context: str, workspace: Workspace, roles: Callable[[int], str], words: dict[str, frozenset[str]]) -> Outcome:
    """Reads `text` against a copy of `workspace`, which the outcome holds.

    Args:
        text: One sentence, without its label.
        context: What label or heading announce.
        workspace: Everything so far.
        roles: `source` or `destination` for the file at an offset of `text`.
        words: Words that people may use for each table.
    """
    return _Walk(text, context, workspace.snapshot(), roles, words).run()


class _Walk:
    def __init__(self, text: str, context: str, workspace: Workspace, roles: Callable[[int], str], words: dict[str, frozenset[str]]) -> None:
        self.text, self.context, self.workspace = text, context, workspace
        self.tokens = tokenise(text)
        self.roles = {t.start: roles(t.start) for t in self.tokens if t.kind is Kind.PATH}
        self.words = words
        self.outcome = Outcome(workspace=workspace)
        self.nouns = frozenset(singular(w) for some in words.values() for w in some)
        self.troubles: list[Trouble] = []

    def run(self) -> Outcome:
        i, limit = 0, len(self.tokens)
        while (i := self._past_separators(i)) < limit:
            i = self._one(i, limit)
        return self.outcome

    def _past_separators(self, i: int) -> int:
        while (
            i < len(self.tokens)
            and self.tokens[i].text in (",", ";", ".", ":", "!", "?", "–", "—", "-", "…", "...", "→", ")", "]")
            and not (self.tokens[i].text == "→" and self.context == "destination")
        ):
            if self.tokens[i].text in ("-", "→") and i + 1 < len(self.tokens) and self.tokens[i + 1].kind in (Kind.NUMBER, Kind.PATH):
                break
            i += 1
        return i

    def _one(self, i: int, limit: int) -> int:
        begun = self._opened(i)
        if begun >= limit:
            return limit
        best = self._best(begun) or (self._best(i) if begun != i else None)
        if best is not None:
            acts, end, cursor, table = best
            self._apply(acts, cursor.words_between(i, end), table, cursor)
            return self._closed(end)
        if self.tokens[begun].text == "(" and (closing := self._bracket(begun)):
            return self._remark(begun, closing)
        stop = self._resync(begun, limit)
        self._gap(i if i == 0 else begun, stop)
        return stop

    def _cursor(self, i: int, scope: Scope) -> Cursor:
        return Cursor(
            self.text,
            self.tokens,
            scope,
            i,
            self.context,
            self.workspace.keys,
            calculation=calculation,
            table_nouns=self.nouns,
            rest_is_clear=self.workspace.rest_is_clear,
            row_count=self._row_count(scope),
        )

    def _opened(self, i: int) -> int:
        """Behind the words that only open a clause."""
        c = self._cursor(i, Scope(self._any_scope().schema))
        while True:
            before = c.i
            c.skip(",", ":")
            if (
                c.sees(*w.ONLY)
                and not c.sees("first of all", "it should", "it must", "it then")
                and not (
                    c.sees("first", "last", "next")
                    and (following := c.peek(1))
                    and (following.text == "," or (following.kind is Kind.WORD and following.lemma in _STARTS))
                )
            ):
                break
            c.take(*w.OPENINGS)
            if c.i == before:
                return c.i
        return c.i

    def _row_count(self, scope: Scope) -> str:
        """The one column of the last aggregation that counts rows, if it is still there."""
        last = next((s for s in reversed(self.workspace.steps) if s.type == "transform" and s.config.aggregations), None)
        if last is None or last.type != "transform" or not last.config.group_by:
            return ""
        found = [a.output_name for a in last.config.aggregations or () if a.operation == "count" and a.column is None]
        return found[0] if len(found) == 1 and found[0] in scope.schema.columns else ""

    def _any_scope(self) -> Scope:
        return self.workspace.table.scope if self.workspace.current else Scope.empty()

    def _closed(self, end: int) -> int:
        """Behind the words that only close a clause."""
        c = self._cursor(end, Scope.empty())
        with c.saved() as keep:
            c.take(",")
            if c.take(*w.CLOSINGS) and (c.done or c.low() in (",", ".", ";", "!", "?")):
                keep()
        return c.i

    def _tables(self) -> Tables:
        live = self.workspace.tables
        return Tables({n: t.scope for n, t in live.items()}, {n: self.words.get(n, frozenset()) for n in live}, self.workspace.current)

    def _best(self, i: int, *, quick: bool = False) -> tuple[list[Act], int, Cursor, str] | None:
        """The reading that covers most words, with the table it is about."""
        options: list[tuple[list[Act], int, Cursor, str]] = []
        tables = self._tables()
        place = self._cursor(i, self._any_scope())
        for reader in (lambda c: read_source(c, self.roles), lambda c: read_target(c, self.roles)):
            if found := self._try(reader, place, i):
                options.append((*found, self.workspace.current))
        if len(tables.scopes) > 1:
            for reader in (lambda c: read_join(c, tables), lambda c: read_union(c, tables)):
                if found := self._try(reader, self._cursor(i, self._any_scope()), i):
                    options.append((*found, self.workspace.current))
            if len(options) > 1 and isinstance(options[0][0][0], Said):
                options = options[1:]
        if self.workspace.current:
            options += self._join_remark(i)
            options += self._about_a_table(i, tables)
        if quick:
            return options[0] if options else None
        # A destination found among words that were not understood gives way to any other reading.
        return max(options, key=lambda o: (not (isinstance(o[0][0], Target) and o[2].doubts), o[1]), default=None)

    def _join_remark(self, i: int) -> list[tuple[list[Act], int, Cursor, str]]:
        """`Orders without a matching customer are not needed`, behind the join."""
        if not self.workspace.joined:
            return []
        left, right = self.workspace.joined
        empty = Scope.empty()
        tables = Tables({left: empty, right: empty}, {n: self.words.get(n, frozenset()) for n in (left, right)}, left)
        c = self._cursor(i, self._any_scope())
        how = read_join_remark(c, tables, left, right)
        return [([JoinRemark(how)], c.i, c, self.workspace.current)] if how and self._boundary(c.i) else []

    def _about_a_table(self, i: int, tables: Tables) -> list[tuple[list[Act], int, Cursor, str]]:
        named, behind = self._named_table(i, tables)
        order = [named] if named else self._candidates(tables)
        readings = []
        for table in order:
            found = self._read_with(behind, tables.scopes[table])
            if found is not None:
                readings.append((*found, table))
        if len(readings) > 1:
            longest = max(r[1] for r in readings)
            readings = [r for r in readings if r[1] == longest]
            preferred = [r for r in readings if self._speaks_of(i, r[1], r[3])]
            if len(preferred) == 1:
                return preferred
            if len(readings) > 1:
                first = readings[0]
                first[2].doubts.append(
                    (
                        first[2].words_between(i, first[1]),
                        f"Several tables have these columns; `{first[3]}` was taken. Begin with 'In {first[3]}, …' to choose.",
                    )
                )
                return [first]
        if not readings and not named and (branch := self._branch(i)):
            return [branch]
        return readings

    def _candidates(self, tables: Tables) -> list[str]:
        return [self.workspace.current, *(n for n in tables.scopes if n != self.workspace.current)]

    def _speaks_of(self, i: int, end: int, table: str) -> bool:
        said = {singular(t.low) for t in self.tokens[i:end]} | {t.low for t in self.tokens[i:end]}
        return bool(said & self.words.get(table, frozenset()))

    def _named_table(self, i: int, tables: Tables) -> tuple[str | None, int]:
        """The table of `In stores.csv keep …`, and the position behind it."""
        c = self._cursor(i, self._any_scope())
        prefixed = c.take(*w.IN) is not None
        if prefixed and len(tables.scopes) > 1 and (table := table_here(c, tables)) and not c.sees("where", "whose"):
            c.take(",", ":")
            return table, self._opened(c.i)
        if self.roles and prefixed and len(tables.scopes) == 1:
            c.articles()
            if (token := c.peek()) and token.kind is Kind.PATH and self.roles.get(token.start) == "source":
                c.i += 1
                c.take(",")
                return self.workspace.current, self._opened(c.i)
        return None, i

    def _branch(self, i: int) -> tuple[list[Act], int, Cursor, str] | None:
        """A reading from the rows before the last aggregation, if what was made of them is written already."""
        at = self.workspace.table
        if at.before is None or not any(p.head == at.head for p in self.workspace.targets):
            return None
        found = self._read_with(i, at.before[1])
        return (*found, "\0before") if found else None

    def _read_with(self, i: int, scope: Scope) -> tuple[list[Act], int, Cursor] | None:
        best: tuple[list[Act], int, Cursor] | None = None
        for reader in _READERS:
            c = self._cursor(i, scope)
            found = self._try(reader, c, i)
            if found and (best is None or found[1] > best[1]):
                best = found
        if best is None and self.context in ("", "filter", "steps", "aggregate"):
            c = self._cursor(i, scope)
            if i <= self._opened(0) and (found := self._try(read_bare_condition, c, i)) and found[1] >= len(self.tokens):
                best = found
        return best

    def _try(self, reader: Callable[[Cursor], list[Act] | None], c: Cursor, i: int) -> tuple[list[Act], int, Cursor] | None:
        c.i = i
        found = reader(c)
        self.troubles += c.troubles
        while (
            c.i > i + 1 and not self._boundary(c.i) and (c.tokens[c.i - 1].text in (",", ";", ":", "(") or c.tokens[c.i - 1].low in ("and", "then"))
        ):
            c.i -= 1
        if not found or not self._boundary(c.i):
            return None
        return found, c.i, c

    def _boundary(self, i: int) -> bool:
        """True where a clause can end."""
        if i >= len(self.tokens):
            return True
        token = self.tokens[i]
        return (
            token.text in ",;.!?:()–—-…"
            or token.low in FILLERS
            or ((token.low in ("and", "but", "then", "as", "for", "before", "if", "first", "please", "which", "only", "so")) and self._closed(i) != i)
            or token.low in ("and", "but", "then", "so", "before", "plus")
        )

    def _bracket(self, i: int) -> int | None:
        depth = 0
        for k in range(i, len(self.tokens)):
            depth += (self.tokens[k].text == "(") - (self.tokens[k].text == ")")
            if depth == 0:
                return k + 1
        return None

    def _remark(self, i: int, end: int) -> int:
        """A remark in brackets that no clause has used: doubted unless it plainly asks for nothing."""
        inside = self.text[self.tokens[i].start : self.tokens[end - 1].end].strip("()")
        if not is_guaranteed(inside) and not describes_a_file(inside):
            self.outcome.pieces.append(
                Piece(
                    inside,
                    understood=False,
                    hint="This remark was not taken into account. If it asks for something, say it in a sentence of its own.",
                )
            )
        return end

    def _resync(self, i: int, limit: int) -> int:
        """The next place behind a separator where something can be read."""
        for k in range(i + 1, min(limit, i + 80)):
            before = self.tokens[k - 1]
            if before.text in (",", ";", ".", "–", "—") or before.low in ("and", "then", "but"):
                if before.text in (".", ";") and self.tokens[k].start > before.end and k - i > 1 and before.text == ";":
                    return k
                begun = self._opened(k)
                if begun < limit and (best := self._best(begun, quick=True)) and best[1] > begun:
                    return k - 1 if before.low in ("and", "then", "but") and k - 1 > i else k
        return limit

    def _gap(self, i: int, end: int) -> None:
        while end > i + 1 and (self.tokens[end - 1].text in ",;" or self.tokens[end - 1].low in ("and", "then", "but")):
            end -= 1
        words = self.text[self.tokens[i].start : self.tokens[end - 1].end]
        if end < len(self.tokens) and self._gives_reason(i, end):
            self.outcome.pieces.append(Piece(words, "remark"))
            self.troubles = []
            return
        inside = [t for t in self.troubles if i <= t.at < max(end, i + 1)]
        trouble = max(inside, key=lambda t: (t.sure, t.rule in ("ambiguous-column", "formula"), t.at), default=None)
        hint = " ".join(x for x in ((trouble.message, trouble.fix) if trouble else ()) if x)
        self.outcome.pieces.append(Piece(words, understood=False, hint=hint, trouble=trouble))
        self.troubles = []

    def _gives_reason(self, i: int, end: int) -> bool:
        """True of `A shopper may change a review` before `so keep …`: a fact that asks for nothing."""
        behind = [t.low for t in self.tokens[end : end + 3] if t.text != ","]
        said = self.tokens[i:end]
        if not behind or behind[0] not in ("so", "therefore", "hence", "thus") or any(t.kind is not Kind.WORD for t in said if t.text != ","):
            return False
        low = [t.low for t in said]
        if low[0] not in ARTICLES | {"some", "many", "most", "we", "people", "customers", "sometimes", "one"} or low[0] in ("it", "this", "that"):
            return False
        may = next((k for k, word in enumerate(low) if word in ("may", "can", "might", "could", "sometimes", "often", "usually")), None)
        asks = any(t.low in OPERATIVE - {"most"} or t.lemma in OPERATIVE - {"most"} or t.low in ("no", "without", "if", "unless") for t in said)
        return may is not None and may + 1 < len(low) and low[may + 1] not in ("be", "also") and not asks

    def _apply(self, acts: list[Act], sentence: str, table: str, cursor: Cursor) -> None:
        if table == "\0before":
            at = self.workspace.table
            assert at.before is not None
            self.workspace.tables[self.workspace.current] = replace(at, head=at.before[0], scope=at.before[1])
            table = self.workspace.current
        step = ""
        for act in acts:
            made = self._apply_one(act, sentence, table)
            if isinstance(made, Trouble):
                self.outcome.pieces.append(Piece(sentence, understood=False, hint=" ".join(x for x in (made.message, made.fix) if x), trouble=made))
                return
            step = made or step
        self.outcome.pieces.append(Piece(sentence, step, " ".join(cursor.notes)))
        self.outcome.doubts += cursor.doubts
        self.troubles = []

    def _apply_one(self, act: Act, sentence: str, table: str) -> str | Trouble:
        space = self.workspace
        if isinstance(act, Keys):
            if space.keys and space.keys != act.columns:
                return Trouble(
                    "pending-group",
                    f"The grouping by {', '.join(space.keys)} has no aggregations.",
                    0,
                    "Say what to compute for each group.",
                    sure=True,
                )
            space.keys = act.columns
            return "group"
        if isinstance(act, CellFill):
            return space.refine_pivot(act.value)
        if isinstance(act, JoinRemark):
            return space.refine_join(act.how)
        if isinstance(act, Said):
            return act.step
        if isinstance(act, Target):
            return space.place(act, sentence)
        if isinstance(act, Combination):
            made = space.combine(act, sentence)
            for after in act.after if not isinstance(made, Trouble) else ():
                made = space.apply(after, sentence, space.current)
                if isinstance(made, Trouble):
                    break
            return made
        if isinstance(act, Operation):
            if "aggregations" in act.config:
                space.keys = ()
            elif space.keys and "add_columns" not in act.config:
                return Trouble(
                    "pending-group",
                    f"The grouping by {', '.join(space.keys)} has no aggregations.",
                    0,
                    "Say what to compute for each group.",
                    sure=True,
                )
            return space.apply(act, sentence, table)
        return Trouble("unknown", "Not understood.", 0)


_STARTS = frozenset(
    word_list(
        "read load take use open import keep drop remove exclude ignore skip discard filter sort order group aggregate sum count compute "
        "calculate add derive join merge combine rename convert cast fill replace save write output export put store"
    )
)
