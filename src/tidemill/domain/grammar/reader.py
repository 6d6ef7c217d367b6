"""Reads a whole brief."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tidemill.domain.draft import Draft, Reading
from tidemill.domain.finding import Finding, error
from tidemill.domain.grammar.assembly import Timing, assemble, named_from
from tidemill.domain.grammar.clauses import Outcome, Piece, read_clauses
from tidemill.domain.grammar.cursor import Trouble
from tidemill.domain.grammar.files import paths_in
from tidemill.domain.grammar.remarks import (
    asks_for_something,
    foreign_language,
    introduction,
    is_context,
    is_greeting,
    is_guaranteed,
    is_sign_off,
    narrows,
    says_file_may_be_empty,
)
from tidemill.domain.grammar.roles import Sources, find_sources
from tidemill.domain.grammar.schedules import find_schedule
from tidemill.domain.grammar.sentences import MAX_CHARACTERS, MAX_UNITS, Unit, split_units
from tidemill.domain.grammar.sequence import reordered
from tidemill.domain.grammar.sheets import is_credentials, sheet_role, sheet_target, unexplained
from tidemill.domain.grammar.sql_units import read_sql
from tidemill.domain.grammar.step_names import with_step_names
from tidemill.domain.grammar.vocabulary import LEMMAS, VERBS, word_list
from tidemill.domain.grammar.wishes import Wish, parted, spread_header, unlabelled
from tidemill.domain.grammar.workspace import Workspace
from tidemill.domain.source_schema import SourceSchema, Unreadable

Look = Callable[[Any], "SourceSchema | Unreadable"]
_EXAMPLE = (
    "Say it as one operation, such as 'keep only rows where amount > 100', 'group by city, sum of amount as total' or 'save to out/result.csv'."
)


def read_instructions(text: str, read_schema: Look, *, name: str | None = None) -> Draft:
    """The spec that a brief asks for, and how each of its sentences was read.

    Args:
        text: The brief, in English.
        read_schema: Looks at a source, without changing anything.
        name: The pipeline's name; by default it follows from the brief's title or its files.
    """
    if refused := _refused(text):
        return Draft(spec=None, findings=(refused,))
    units = split_units(text)
    if len(units) > MAX_UNITS:
        return Draft(
            spec=None,
            findings=(
                error(
                    "brief-too-long",
                    "",
                    f"The brief has {len(units)} sentences; {MAX_UNITS} are read at most.",
                    "Leave out what is not about the pipeline.",
                ),
            ),
        )
    if language := foreign_language(text):
        return Draft(
            spec=None,
            readings=tuple(Reading(sentence=u.text, understood=False, hint="Only English is read.") for u in units[:1]),
            findings=(
                error(
                    "language",
                    "",
                    f"The brief seems to be in {language}; only English is read without a model.",
                    "Write it in English, or draft with a model (--provider).",
                ),
            ),
        )
    return _Reader(reordered(units), read_schema, name).draft()


def _doubted_if_asking(reading: Reading) -> Reading:
    """A remark that holds a word of doing is doubted: to doubt small talk costs a glance, to pass over a request costs wrong figures."""
    asking = asks_for_something(reading.sentence)
    if not (reading.step == "remark" and asking) and not (reading.step == "name" and narrows(reading.sentence)):
        return reading
    hint = f"This was taken for a remark and changes nothing. If it asks for something: {_EXAMPLE[0].lower()}{_EXAMPLE[1:]}"
    return Reading(sentence=reading.sentence, understood=False, hint=hint)


def _refused(text: str) -> Finding | None:
    if not text.strip():
        return error("empty-brief", "", "The brief is empty.", "Say where the data comes from, what to do with it and where the result goes.")
    if "\0" in text:
        return error("not-text", "", "The brief is no text.", "Give a text file in UTF-8.")
    if len(text) > MAX_CHARACTERS:
        return error(
            "brief-too-long",
            "",
            f"The brief has {len(text)} characters; {MAX_CHARACTERS} are read at most.",
            "Leave out what is not about the pipeline.",
        )
    return None


class _Reader:
    def __init__(self, units: list[Unit], look: Look, name: str | None) -> None:
        self.units, self.look, self.name = units, look, name
        self.sources: Sources = find_sources(units, look)
        self.space: Workspace = self.sources.workspace
        self.readings: list[Reading] = []
        self.findings: list[Finding] = list(self.sources.findings)
        self.timing = Timing()
        self.signed_off = False

    def draft(self) -> Draft:
        for index, unit in enumerate(self.units):
            try:
                self._unit(unit, first=index == 0)
            except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
                # A fault of ours in one sentence must not cost the others: it is doubted like one that was not understood.
                self._doubt(unit.text.strip(), f"This sentence could not be read. {_EXAMPLE}")
        if self.space.keys:
            self._doubt(
                f"group by {', '.join(self.space.keys)}",
                "It is not said what to compute for each group. Say 'group by city and compute the sum of amount as total'.",
            )
        self._timing()
        self.readings = [_doubted_if_asking(r) for r in self.readings]
        spec, more = assemble(self.space, self.timing, self.name or named_from(self.units, self.space))
        return Draft(spec=spec, readings=with_step_names(self.readings, spec), findings=(*self.findings, *more))

    # --- one unit --------------------------------------------------------------------------------------------------------
    def _unit(self, unit: Unit, *, first: bool) -> None:
        text = unit.text.strip()
        if not re.search(r"\w", text):
            return
        if unit.context in ("heading", "title"):
            self._heading(unit, first=first)
        elif unit.context == "name":
            self.name = self.name or unit.body.strip(" .\"'`")
            self._say(text, "name")
        elif unit.context in ("schedule", "timezone"):
            self._schedule(unit)
        elif unit.context == "sql":
            self._sql(unit)
        elif is_credentials(text):
            self._say(text, "remark")
        elif role := sheet_role(unit):
            self._sheet(unit, role)
        elif is_guaranteed(unit.body) or (unit.context in ("", "source", "steps") and says_file_may_be_empty(unit.body)):
            self._say(text, "guaranteed")
        elif (intro := introduction(text)) is not None:
            self.name = self.name or intro or None
            self._say(text, "name" if intro else "remark")
        else:
            self._sentence(unit, first=first)

    def _heading(self, unit: Unit, *, first: bool) -> None:
        if unit.context == "heading":
            return
        self._title(unit, first=first)

    def _title(self, unit: Unit, *, first: bool) -> None:
        """A title changes nothing; one that reads like an order is doubted."""
        self._say(unit.text, "name" if first else "remark")
        if self._reads_fully(unit):
            self._doubt(unit.text, "This was taken for a title. If it asks for something, say it in a sentence of its own.")

    def _reads_fully(self, unit: Unit) -> bool:
        outcome = self._outcome(unit)
        return outcome is not None and bool(outcome.pieces) and not outcome.lost

    def _asks(self, unit: Unit) -> bool:
        """True if any part of it reads as an operation."""
        outcome = self._outcome(unit)
        return outcome is not None and any(p.understood for p in outcome.pieces)

    def _sentence(self, unit: Unit, *, first: bool) -> None:
        if (is_greeting(unit.text) or is_context(unit.text)) and not self._asks(unit):
            self.signed_off = self.signed_off or is_sign_off(unit.text)
            self._say(unit.text, "remark")
            return
        closing = is_sign_off(unit.text) and len(unit.text.split()) <= 8
        signature = self.signed_off and not re.search(r"\d|\.\w{2,7}\b", unit.text) and len(unit.text.split()) <= 6
        if (closing or signature) and not self._asks(unit):
            self.signed_off = True
            self._say(unit.text, "remark")
            return
        if self._is_title(unit, first=first):
            self._title(unit, first=True)
            return
        timed = find_schedule(unit.whole, expected=False)
        if timed is not None and not _asks_more(timed.rest) and not (timed.problem and self._reads_fully(unit)):
            self._time(unit.text, timed)
            return
        body = unit
        if timed is not None and not timed.problem:
            rest = Unit(unit.text, timed.rest, unit.label, unit.context)
            trial = self._outcome(rest)
            plain = self._outcome(unit)
            if trial is not None and (plain is None or (trial.lost, len(trial.doubts)) < (plain.lost, len(plain.doubts))):
                self._time(unit.text, timed)
                body = rest
        outcome = self._outcome(body)
        if outcome is None:
            self._say(unit.text, "remark")
            return
        if re.fullmatch(
            r"goal|purpose|background|context|description|owner|author|contact|cc|team|requested by|aim|objective|why", unit.label
        ) and not any(p.understood for p in outcome.pieces):
            self._say(unit.text, "remark")
            return
        self._account(unit, outcome)

    def _is_title(self, unit: Unit, *, first: bool) -> bool:
        """True of a first line without a full stop that does not read as an order."""
        text = unit.text.strip()
        opening = text.split()[0].lower().strip(":,") if text.split() else ""
        return (
            first
            and not unit.label
            and len(text.split()) <= 8
            and text[-1:] not in ".!?"
            and not re.search(r"\d[\d.]*|[<>=]", text)
            and LEMMAS.get(opening, opening) not in VERBS
            and opening not in ("per", "for", "only", "where", "from", "in", "top", "each", "whose")
            and not paths_in(text)
        )

    def _outcome(self, unit: Unit) -> Outcome | None:
        """The best reading of a unit's body, with or without its label before it."""
        outcomes = []
        for text in _versions(unit):
            if not text.strip():
                continue
            outcomes.append(read_clauses(text, unit.context, self.space, self.sources.roles(unit, text), self.sources.words))
            if not outcomes[-1].lost and outcomes[-1].pieces:
                break
        best = min(outcomes, key=lambda o: (o.lost, not o.pieces, len(o.doubts)), default=None)
        if best is not None and (best.lost or best.doubts) and (other := self._other_outcome(unit)):
            return other
        return best

    def _other_outcome(self, unit: Unit) -> Outcome | None:
        """The reading of the same wish in other words: behind a label nobody knows, with a group header on every line, with its destination apart."""
        for wish in (*unlabelled(unit, self.space), *spread_header(unit), *self._parted(unit)):
            outcome = read_clauses(wish.text, unit.context, self.space, self.sources.roles(unit, wish.text), self.sources.words)
            if outcome.pieces and (not outcome.lost or (wish.partial and any(p.understood for p in outcome.pieces))):
                if wish.doubt:
                    outcome.doubts.append(wish.doubt)
                return outcome
        return None

    def _parted(self, unit: Unit) -> Iterator[Wish]:
        """A wish that names the only destination of the brief."""
        if list(self.sources.by_path.values()).count("destination") == 2:  # once by its unit, once by its path alone
            yield from parted(unit)

    def _account(self, unit: Unit, outcome: Outcome) -> None:
        if outcome.workspace is not None:
            self.space = outcome.workspace
        understood = [p for p in outcome.pieces if p.understood]
        lost = [p for p in outcome.pieces if not p.understood]
        if understood and not lost:
            steps = [p.step for p in understood if p.step]
            hint = " ".join(p.hint for p in understood if p.hint)
            self._say(unit.text, steps[-1] if steps else "remark", hint)
        else:
            for piece in understood:
                self._say(piece.words, piece.step or "remark", piece.hint)
        for piece in lost:
            self._lost(unit, piece, alone=not understood and len(lost) == 1)
        for words, hint in outcome.doubts:
            self._doubt(words, hint)
        if unit.context == "sort" and understood and not any((p.step or "").startswith("Sort") for p in understood):
            self._doubt(unit.text, "It is not said what to sort by. Say 'sort by amount, highest first'.")

    def _lost(self, unit: Unit, piece: Piece, *, alone: bool) -> None:
        sentence = unit.text if alone or piece.words not in unit.text else piece.words
        self._doubt(sentence, piece.hint or f"{piece.words!r} names no operation that is known. {_EXAMPLE}")
        if piece.trouble is not None and piece.trouble.sure:
            self._finding(piece.trouble, sentence)

    def _finding(self, trouble: Trouble, sentence: str) -> None:
        self.findings.append(error(trouble.rule, "", f"{trouble.message} ({sentence!r})", trouble.fix))

    def _say(self, sentence: str, step: str, hint: str = "") -> None:
        self.readings.append(Reading(sentence=sentence, understood=True, step=step, hint=hint))

    def _doubt(self, sentence: str, hint: str) -> None:
        reading = Reading(sentence=sentence, understood=False, hint=hint)
        if reading not in self.readings:
            self.readings.append(reading)

    # --- schedule, SQL -----------------------------------------------------------------------------------------------------
    def _schedule(self, unit: Unit) -> None:
        body = unit.body if unit.context == "schedule" else f"{unit.label}: {unit.body}"
        timed = find_schedule(body, expected=True)
        if timed is None or _asks_more(timed.rest):
            self._doubt(
                unit.text, "It is not clear when the pipeline is to run. Say 'daily at 09:00', 'every Monday at 18:00 Europe/Berlin' or a cron line."
            )
            return
        self._time(unit.text, timed)

    def _time(self, sentence: str, timed: Any) -> None:
        if timed.problem:
            self._doubt(sentence, timed.problem)
            return
        if conflict := self.timing.add(timed):
            self.findings.append(error("two-schedules", "schedule", f"{conflict} ({sentence!r})", "Say one schedule."))
            self._doubt(sentence, conflict)
            return
        self._say(sentence, "schedule", timed.note)

    def _timing(self) -> None:
        if self.timing.timezone and not self.timing.cron:
            self._doubt(f"time zone {self.timing.timezone}", "A time zone without a schedule has no effect. Say when the pipeline is to run.")

    def _sheet(self, unit: Unit, role: str) -> None:
        known = next((s.config.model_dump(by_alias=False) for s in self.space.sources if getattr(s.config, "spreadsheet_id", None)), None)
        if role == "source":
            if known is None:
                self._doubt(
                    unit.text, "For Google Sheets say the spreadsheet ID and the range: 'Google Sheets (ID: 1BxiMVs0, range: Sales!A1:G1000)'."
                )
                return
            self._say(unit.text, "source")
        else:
            target = sheet_target(unit.whole, known)
            if target is None:
                self._doubt(
                    unit.text,
                    (
                        "For a Google Sheets destination say the spreadsheet ID and the sheet: 'Google Sheets, spreadsheet "
                        'ID 1BxiMVs0, sheet name "Totals"\'.'
                    ),
                )
                return
            self.space = self.space.snapshot()
            self.space.place(target, unit.text)
            self._say(unit.text, target.title)
        if rest := unexplained(
            unit.whole, frozenset(w for some in self.sources.words.values() for w in some) | frozenset({"customer", "order", "sale"})
        ):
            self._doubt(unit.text, f"What {', '.join(map(repr, rest))} asks for was not understood.")

    def _sql(self, unit: Unit) -> None:
        made = read_sql(unit, self.space)
        if isinstance(made, Trouble):
            self._doubt(unit.text, f"{made.message} {made.fix}")
            if made.sure:
                self._finding(made, unit.text)
            return
        self._say(unit.text, made)


def _asks_more(rest: str) -> bool:
    """True if words besides the schedule are left that may ask for something."""
    return any(w not in _EMPTY for w in re.findall(r"\w+", rest.lower()))


_EMPTY = frozenset(
    word_list("please it the and then also that this is be to run runs should have thanks us me a an pipeline job schedule all of so for do done let")
)


def _versions(unit: Unit) -> list[str]:
    """The texts to try: the body, with its label before it, with its details behind it."""
    body = unit.whole
    versions = [body]
    if unit.label and unit.context not in ("", "note", "requirement", "steps", "source", "destination"):
        verb = unit.label
        versions.append(f"{verb} {body}")
        if unit.context in _VERBS:
            versions.append(f"{_VERBS[unit.context]} {body}")
    return versions


_VERBS = {
    "filter": "keep only rows where",
    "exclude": "exclude rows where",
    "add": "add",
    "group": "group by",
    "aggregate": "compute",
    "sort": "sort by",
    "select": "keep the columns",
    "rename": "rename",
    "drop": "drop the columns",
    "cast": "convert",
    "fill": "fill",
    "dedupe": "remove duplicates",
    "join": "join",
    "union": "combine",
    "limit": "keep the first",
    "pivot": "pivot",
    "unpivot": "unpivot",
}
