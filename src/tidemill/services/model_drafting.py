"""Drafts with a model: the rules read the brief first, the model proposes the rest, typed code decides what is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tidemill.domain.draft import Draft
from tidemill.domain.finding import Finding, Severity, warning
from tidemill.domain.grammar import read_instructions
from tidemill.domain.pipeline_check import CheckContext
from tidemill.domain.proposal import answer_schema, read_answer
from tidemill.domain.proposal_check import Ground, Judged, ReadSchema, ground_of, judge
from tidemill.domain.redaction import redact
from tidemill.errors import InvalidInput, UpstreamError, UpstreamTimeout
from tidemill.ports.spec_proposer import Ask, Progress, SpecProposer, Turn
from tidemill.services.prompts import DRAFT_EXAMPLE_ANSWER, DRAFT_EXAMPLE_BRIEF, DRAFT_RULES, brief_message, findings_message

MAX_ROUNDS = 3
LIMIT_S = 300.0
"""For all rounds of a draft together."""
MAX_CHARACTERS = 40_000
"""Of a brief that is sent to a model: some 10,000 tokens, twenty times the longest brief seen."""


@dataclass(frozen=True)
class ModelDrafter:
    """A `Drafter` that asks a model, which is connected when it is first needed."""

    connect: Callable[[], SpecProposer]
    read_schema: ReadSchema
    context: CheckContext
    max_rounds: int = MAX_ROUNDS
    limit_s: float = LIMIT_S

    async def draft(self, brief: str, *, name: str | None = None, progress: Progress | None = None) -> Draft:
        """See `Drafter.draft`.

        Raises:
            InvalidInput: The key or the name of the model is missing.
        """
        proposer = await asyncio.to_thread(self.connect)
        return await draft_with_model(
            brief, proposer, read_schema=self.read_schema, context=self.context, name=name,
            max_rounds=self.max_rounds, limit_s=self.limit_s, progress=progress,
        )  # fmt: skip


async def draft_with_model(
    brief: str,
    proposer: SpecProposer,
    *,
    read_schema: ReadSchema,
    context: CheckContext,
    name: str | None = None,
    max_rounds: int = MAX_ROUNDS,
    limit_s: float = LIMIT_S,
    progress: Progress | None = None,
) -> Draft:
    """The draft of the rules, or a model's where that understands more and breaks nothing that the rules understood.

    Never worse than the draft of the rules, which is also what is given where the model cannot be asked; `engine` and a finding
    say so. Schedules always come from the rules.

    Args:
        brief: Secrets in it are covered before it is sent.
        proposer: The model.
        read_schema: Looks at sources; only names and types of columns are sent, never values.
        context: Where the pipeline will run.
        name: The pipeline's name, where the person gave one.
        max_rounds: How often the model is asked in all; after the first time, with what was wrong.
        limit_s: For all rounds together.
        progress: Told how much of an answer has come in.
    """
    floor = await asyncio.to_thread(read_instructions, brief, read_schema, name=name)
    if len(brief) > MAX_CHARACTERS or not brief.strip() or "\0" in brief:
        return _unasked(floor, proposer.engine, f"was not asked: a brief of {len(brief)} characters is not sent")
    ground = await asyncio.to_thread(ground_of, brief, floor, read_schema=read_schema, context=context, name=name)
    talk = _Talk(proposer, ground, max_rounds, progress)
    try:
        async with asyncio.timeout(limit_s):
            await talk.hold()
    except TimeoutError:
        talk.failure = UpstreamTimeout(
            f"{proposer.engine} did not answer: time-out after {limit_s:g} s in all.", service=proposer.engine, timeout_s=limit_s
        )
    except UpstreamError as failure:
        talk.failure = failure
    return _chosen(ground, talk)


@dataclass
class _Talk:
    """The rounds with one model, and the best that came of them."""

    proposer: SpecProposer
    ground: Ground
    max_rounds: int
    progress: Progress | None
    best: Judged | None = None
    failure: UpstreamError | None = None
    complaints: tuple[Finding, ...] = ()
    """What was wrong with the last answer that could not be used at all."""

    async def hold(self) -> None:
        """Ask until nothing is wrong or the rounds are over."""
        masked = redact(self.ground.brief)
        sentences = [redact(r.sentence).text for r in self.ground.sentences]
        message = brief_message(masked.text, sentences, self.ground.unread, floor=self.ground.floor, sources=self.ground.sources)
        opening = (Turn(role="user", text=DRAFT_EXAMPLE_BRIEF), Turn(role="assistant", text=DRAFT_EXAMPLE_ANSWER))
        first = Turn(role="user", text=redact(message).text)  # the rules' draft repeats what the brief says
        schema = answer_schema()
        corrections: tuple[Turn, ...] = ()
        for _ in range(self.max_rounds):
            answer = await self.proposer.propose(
                Ask(rules=DRAFT_RULES, turns=(*opening, first, *corrections), answer_schema=schema), progress=self.progress
            )
            findings = await asyncio.to_thread(self._weigh, answer.text)
            if not findings or (corrections and answer.text == corrections[0].text):
                return  # nothing to mend, or a model that says the same again and would go on to
            # only the last answer goes back: earlier ones cost room and repeat what was mended
            corrections = (Turn(role="assistant", text=answer.text), Turn(role="user", text=redact(findings_message(findings)).text))

    def _weigh(self, text: str) -> tuple[Finding, ...]:
        """Keep an answer if it is the best so far; what the model can mend about it."""
        try:
            judged = judge(read_answer(text), self.ground)
        except InvalidInput as unusable:
            self.complaints = tuple(f for f in unusable.findings if isinstance(f, Finding))
            return self.complaints
        if self.best is None or judged.rank < self.best.rank:
            self.best = judged
        return judged.mendable


def _chosen(ground: Ground, talk: _Talk) -> Draft:
    """The model's draft if it is better than that of the rules, else that one with word of why."""
    engine, best = talk.proposer.engine, talk.best
    if best is not None and best.rank < ground.rank:
        draft = best.draft.model_copy(update={"engine": engine})
        return _with(draft, _lost_contact(engine, talk.failure)) if talk.failure else draft
    if talk.failure is not None and best is None:
        return _unasked(ground.floor, engine, f"could not be asked: {_short(talk.failure, engine)}", talk.failure.message)
    if best is None:
        reason = talk.complaints[0].message if talk.complaints else "It gave no answer."
        return _unasked(ground.floor, engine, f"gave no draft that can be used: {reason}")
    if best.agrees:
        return ground.floor.model_copy(update={"engine": engine, "findings": ground.with_check})
    return _not_better(ground, best, engine)


def _not_better(ground: Ground, best: Judged, engine: str) -> Draft:
    if ground.complete:
        said = f"{engine} read the brief otherwise than the rules did, which understood every sentence; the draft of the rules was kept."
        where = " ".join(f.message for f in (best.differences or best.mendable)[:3])
        note = warning("model-disagrees", "", f"{said} {where}".strip(), "Compare the readings with what you meant.")
        return _with(ground.floor.model_copy(update={"engine": f"none ({engine} read it otherwise)"}), note)
    errors = [f.message for f in best.draft.findings if f.severity is Severity.ERROR]
    reason = errors[0] if errors else "it understood no more than the rules did."
    note = warning("model-not-better", "", f"{engine} was asked; its draft was no better than that of the rules, which was kept: {reason}")
    return _with(ground.floor.model_copy(update={"engine": f"none ({engine} did no better)"}), note)


def _unasked(floor: Draft, engine: str, reason: str, message: str = "") -> Draft:
    note = warning(
        "model-unavailable",
        "",
        message or f"{engine} {reason.rstrip('.')}.",
        "This is the draft of the rules alone; draft again when the model can be asked.",
    )
    return _with(floor.model_copy(update={"engine": f"none ({engine} {reason.rstrip('.')})"}), note)


def _lost_contact(engine: str, failure: UpstreamError) -> Finding:
    return warning("model-unavailable", "", f"{engine} could not be asked again about what was wrong with its draft: {failure.message}")


def _short(failure: UpstreamError, engine: str) -> str:
    """The failure without the model's name, as part of a sentence."""
    return failure.message.removeprefix(engine).strip(" .").removeprefix("did not answer: ").partition(". ")[0]


def _with(draft: Draft, note: Finding) -> Draft:
    return draft.model_copy(update={"findings": (*draft.findings, note)})
