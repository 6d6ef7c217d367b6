"""What became of each sentence of a brief in a model's proposal, going by what its steps do and not by what it says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tidemill.domain.draft import Reading
from tidemill.domain.finding import Finding, error, warning
from tidemill.domain.pipeline import PipelineSpec, Step, TransformStep
from tidemill.domain.proposal import ProposedReading
from tidemill.domain.proposal_evidence import bears_on, doubt
from tidemill.domain.proposal_facts import Fact, facts_of, place_of
from tidemill.domain.schema_flow import schema_flow

_HINT_CHARACTERS = 300


@dataclass(frozen=True)
class Account:
    """The sentences of a brief beside a proposal for it."""

    sentences: Sequence[Reading]
    """As the rules read them, in the order of the brief."""
    unread: Sequence[int]
    """Numbers (from 1) of those that the rules did not understand."""
    spec: PipelineSpec
    """The proposal."""
    floor: PipelineSpec | None
    """The rules' own."""
    claims: Sequence[ProposedReading]
    in_english: bool

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The rules' readings where they understood, else what the proposal's steps bear out."""
        return tuple(self._reading(n, known) for n, known in enumerate(self.sentences, 1))

    @cached_property
    def unfounded(self) -> tuple[Finding, ...]:
        """Steps that do something no sentence was shown to ask for."""
        fix = "Leave it out; or, if an unread sentence does ask for it, name this step in the `steps` of that sentence's reading."
        shown = {s.name for steps in self._borne_out.values() for s in steps}
        return tuple(
            error("unfounded-step", f"steps[{i}]", f"No sentence was shown to ask for `{fact}`.", fix)
            for i, step in enumerate(self.spec.steps) if step.name not in shown for fact in self._news(step)
        )  # fmt: skip

    @cached_property
    def overclaimed(self) -> tuple[Finding, ...]:
        """Sentences that the model says it understood and that its steps do not bear out."""
        fix = "Add a step that does it and name it in `steps`, or say `understood: false`."
        claimed = [n for n in self.unread if n not in self._borne_out and any(c.understood and c.sentence == n for c in self.claims)]
        return tuple(warning("overclaimed", f"sentence {n}", self._doubt(n, self._claimed(n)), fix) for n in claimed)

    @cached_property
    def _borne_out(self) -> Mapping[int, Sequence[Step]]:
        """By number of an unread sentence, the steps that do what it asks for.

        What the model claims comes first; a step that no claim accounts for is then offered to each sentence that is still open,
        since small models build the right step and forget to say so.
        """
        claimed = {n: self._claimed(n) for n in self.unread}
        found = {n: steps for n, steps in claimed.items() if steps and not self._doubt(n, steps)}
        rest = [s for s in self.spec.steps if self._news(s) and not any(s in steps for steps in found.values())]
        for number in self.unread if self.in_english else ():
            sentence = self.sentences[number - 1].sentence
            fitting = [s for s in rest if number not in found and bears_on(sentence, self._news(s), self._columns)]
            if fitting and not self._doubt(number, fitting):
                found[number] = fitting
                rest = [s for s in rest if s not in fitting]
        return found

    @cached_property
    def _columns(self) -> frozenset[str]:
        """Every column there is anywhere on the way."""
        return frozenset(c for table in schema_flow(self.spec).outputs.values() for c in table.names)

    @cached_property
    def _known(self) -> frozenset[Fact]:
        return frozenset(f for s in (self.floor.steps if self.floor else ()) if isinstance(s, TransformStep) for f in facts_of(s.config))

    def _reading(self, number: int, known: Reading) -> Reading:
        if number not in self.unread:
            return known.model_copy(update={"step": self._step_now(known.step)})
        if number in self._borne_out:
            return self._taken(known, self._borne_out[number])
        said = next((c.hint.strip() for c in self.claims if c.sentence == number and c.hint.strip()), "")
        claimed = any(c.sentence == number and c.understood for c in self.claims)
        why = self._doubt(number, self._claimed(number)) if claimed else ""
        hint = f"{why} {known.hint or said}".strip() or "The model did not say what it made of it."
        return Reading(sentence=known.sentence, understood=False, hint=hint[:_HINT_CHARACTERS])

    def _taken(self, known: Reading, steps: Sequence[Step]) -> Reading:
        done = "; ".join(str(f) for s in steps for f in self._news(s))
        if self.in_english:
            return Reading(sentence=known.sentence, understood=True, step=steps[0].name, hint=done[:_HINT_CHARACTERS])
        # only what is definite could be checked, and small models get the rest wrong: a person has to look
        hint = f"The model took it as: {done or steps[0].name}. No rule could check that."
        return Reading(sentence=known.sentence, understood=False, step=steps[0].name, hint=hint[:_HINT_CHARACTERS])

    def _doubt(self, number: int, steps: Sequence[Step]) -> str:
        facts = [f for s in steps for f in self._news(s)]
        files = [p for s in steps if not isinstance(s, TransformStep) for p in place_of(s.config)]
        return doubt(self.sentences[number - 1].sentence, facts, self._columns, files=files, in_english=self.in_english)

    def _claimed(self, number: int) -> list[Step]:
        wanted = {name.strip().casefold() for c in self.claims if c.understood and c.sentence == number for name in c.steps}
        return [s for s in self.spec.steps if s.name.casefold() in wanted]

    def _news(self, step: Step) -> tuple[Fact, ...]:
        """What a step does that the rules' draft does not."""
        return tuple(f for f in facts_of(step.config) if f not in self._known) if isinstance(step, TransformStep) else ()

    def _step_now(self, name: str | None) -> str | None:
        """The step of the proposal that does what a step of the rules' draft did; the name itself if none does."""
        old = self.floor.by_name.get(name) if self.floor and name else None
        if old is None:
            return name
        return next((s.name for s in self.spec.steps if _do_the_same(old, s)), name)


def _do_the_same(old: Step, step: Step) -> bool:
    if isinstance(old, TransformStep) or isinstance(step, TransformStep):
        return isinstance(old, TransformStep) and isinstance(step, TransformStep) and bool({*facts_of(old.config)} & {*facts_of(step.config)})
    return old.type == step.type and place_of(old.config) == place_of(step.config)
