"""Decides what of a model's proposal is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from tidemill.domain.connectors import DestinationConfig, SourceConfig
from tidemill.domain.draft import Draft, Reading
from tidemill.domain.finding import Finding, Severity, error, warning
from tidemill.domain.grammar.schedules import find_schedule
from tidemill.domain.grammar.sentences import split_units
from tidemill.domain.pipeline import DestinationStep, PipelineSpec, SourceStep, Step, TransformStep, Trigger
from tidemill.domain.pipeline_check import CheckContext, check_pipeline
from tidemill.domain.proposal import Proposal
from tidemill.domain.proposal_account import Account
from tidemill.domain.proposal_facts import Place, facts_of, lost_readings, place_of, same_work
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.spec_yaml import load_document
from tidemill.errors import InvalidInput

ReadSchema = Callable[..., SourceSchema | Unreadable]
Rank = tuple[bool, int, int]
"""No spec, errors, sentences that were not understood: smaller is better."""

_APART = frozenset({"name", "remark", "guaranteed", "schedule"})
"""What a sentence can become besides steps; the rules decide on it."""
_RESOLVABLE = frozenset({"no-source", "no-destination", "language", "unused-source", "missing-source", "draft"})
"""Errors of the rules that mean "not understood"; the others say that the brief itself is wrong, and no model can say otherwise."""


@dataclass(frozen=True)
class Ground:
    """What is known before a model is asked."""

    brief: str
    floor: Draft
    """The draft of the rules."""
    sentences: tuple[Reading, ...]
    """Every sentence as the rules read it, in the order of the brief."""
    sources: Mapping[str, SourceSchema]
    """By path, what was found in the local sources that the brief names."""
    read_schema: ReadSchema
    context: CheckContext
    name: str | None

    @cached_property
    def unread(self) -> tuple[int, ...]:
        """Numbers (from 1) of the sentences that the rules did not understand, or whose step came to nothing."""
        return tuple(n for n, r in enumerate(self.sentences, 1) if not self._stands(r))

    @cached_property
    def with_check(self) -> tuple[Finding, ...]:
        """The findings of the rules' draft and of the checker."""
        checked = check_pipeline(self.floor.spec, self.context) if self.floor.spec else ()
        return tuple(dict.fromkeys((*self.floor.findings, *checked)))

    @cached_property
    def rank(self) -> Rank:
        return (self.floor.spec is None, _errors(self.with_check), len(self.unread))

    @property
    def complete(self) -> bool:
        """True if the rules understood every sentence and nothing is wrong."""
        return self.rank == (False, 0, 0)

    @property
    def in_english(self) -> bool:
        return not any(f.rule == "language" for f in self.floor.findings)

    @cached_property
    def settled(self) -> tuple[Finding, ...]:
        """What the rules found wrong with the brief itself."""
        return tuple(f for f in self.floor.findings if f.severity is Severity.ERROR and f.rule not in _RESOLVABLE)

    @cached_property
    def source_configs(self) -> Mapping[Place, SourceConfig]:
        return {place_of(s.config): s.config for s in (self.floor.spec.steps if self.floor.spec else ()) if isinstance(s, SourceStep)}

    def _stands(self, reading: Reading) -> bool:
        return reading.understood and (self.floor.spec is not None or reading.step in _APART)


@dataclass(frozen=True)
class Judged:
    """A proposal, checked."""

    draft: Draft
    mendable: tuple[Finding, ...]
    """Errors and false claims, which the model can do something about."""
    agrees: bool
    """The rules understood everything, and the model reads it so too."""
    differences: tuple[Finding, ...]
    """Where it does otherwise than the rules."""

    @property
    def rank(self) -> Rank:
        return (False, _errors(self.draft.findings), sum(not r.understood for r in self.draft.readings))


def ground_of(brief: str, floor: Draft, *, read_schema: ReadSchema, context: CheckContext, name: str | None = None) -> Ground:
    """What is known before a model is asked: the sentences in order, and the columns of the files that the brief names."""
    sources = dict(_looked_at(brief, floor, read_schema))
    return Ground(brief, floor, _in_order(brief, floor), sources, read_schema, context, name)


def judge(proposal: Proposal, ground: Ground) -> Judged:
    """Check a proposal against the brief, the sources and what the rules understood.

    Raises:
        InvalidInput: Its pipeline has not the shape of one.
    """
    proposed = _with_inputs(load_document(proposal.pipeline), ground.floor.spec)
    invented = tuple(_invented(proposed, ground))
    spec, unreadable = _completed(_with_schedule(proposed, ground), ground)
    differences = lost_readings(ground.floor.spec, spec) if ground.floor.spec else ()
    account = Account(ground.sentences, ground.unread, spec, ground.floor.spec, proposal.readings, ground.in_english)
    found = (*invented, *unreadable, *differences, *account.unfounded, *check_pipeline(spec, ground.context))
    mendable = (*(f for f in dict.fromkeys(found) if f.severity is Severity.ERROR), *account.overclaimed)
    draft = Draft(spec=spec, readings=account.readings, findings=tuple(dict.fromkeys((*ground.settled, *_foreign(ground), *found))))
    agrees = ground.complete and not _errors(draft.findings) and ground.floor.spec is not None and same_work(ground.floor.spec, spec)
    return Judged(draft=draft, mendable=mendable, agrees=agrees, differences=differences)


def _foreign(ground: Ground) -> Iterator[Finding]:
    if not ground.in_english:
        said = (
            "The brief is not in English: columns, values and files of the model's draft were checked, its meaning was not, and no schedule was read."
        )
        yield warning("not-english", "", said, "Read the steps before running it; give the schedule with `tidemill schedule`.")


def _errors(findings: Sequence[Finding]) -> int:
    return sum(f.severity is Severity.ERROR for f in findings)


# --- the ground ------------------------------------------------------------------------------------------------------------


def _in_order(brief: str, floor: Draft) -> tuple[Reading, ...]:
    """The readings of the rules in the order of the brief; where they did not look at it in sentences, the sentences, unread."""
    if any(f.rule == "language" for f in floor.findings) or not floor.readings:
        return tuple(
            Reading(sentence=u.text, understood=False, hint="The rules did not understand it.") for u in split_units(brief) if u.text.strip()
        )
    places: list[tuple[int, Reading]] = []
    taken: dict[str, int] = {}
    for reading in floor.readings:
        start = brief.find(reading.sentence, taken.get(reading.sentence, 0))
        taken[reading.sentence] = start + 1
        places.append((start if start >= 0 else len(brief), reading))
    return tuple(r for _, r in sorted(places, key=lambda p: p[0]))


_FILE = re.compile(r"[\w./~-]*\w\.(?:csv|tsv|txt|jsonl?|ndjson|parquet|pq|db|sqlite3?)\b", re.IGNORECASE)


def _looked_at(brief: str, floor: Draft, read_schema: ReadSchema) -> Iterator[tuple[str, SourceSchema]]:
    """The files that the brief names and that are there."""
    written = {place_of(s.config)[1:2] for s in (floor.spec.steps if floor.spec else ()) if isinstance(s, DestinationStep)}
    for path in dict.fromkeys(_FILE.findall(brief)):
        step = {"type": "source", "name": "source", "config": {"path": path}}
        try:
            source = load_document({"name": "look", "steps": [step]}).steps[0]
            wanted = isinstance(source, SourceStep) and place_of(source.config)[1:2] not in written
            found = read_schema(source.config) if wanted else None
        except InvalidInput:
            continue
        if isinstance(found, SourceSchema):
            yield path, found


# --- the spec --------------------------------------------------------------------------------------------------------------


def _with_inputs(spec: PipelineSpec, floor: PipelineSpec | None) -> PipelineSpec:
    """The proposal with the `inputs` of steps that it took over from the rules' draft and forgot to wire."""
    known = floor.by_name if floor else {}
    names = {s.name for s in spec.steps}
    steps: list[Step] = []
    for step in spec.steps:
        old = known.get(step.name)
        same = (
            isinstance(step, TransformStep)
            and isinstance(old, TransformStep)
            and step.inputs is None
            and facts_of(step.config) == facts_of(old.config)
        )
        lost = old.inputs if same and old and old.inputs and names.issuperset(old.inputs) else None
        steps.append(step.model_copy(update={"inputs": lost}) if lost else step)
    return spec.model_copy(update={"steps": tuple(steps)})


def _with_schedule(spec: PipelineSpec, ground: Ground) -> PipelineSpec:
    """The proposal under the name and schedule that the person or the rules gave it."""
    floor = ground.floor.spec
    if floor is not None:
        fields = {n: getattr(floor, n) for n in ("trigger", "schedule", "timezone", "missed_runs", "event", "name", "description")}
    else:
        fields = _schedule_alone(ground.sentences)
    return spec.model_copy(update={**fields, **({"name": ground.name} if ground.name else {})})


def _schedule_alone(sentences: Sequence[Reading]) -> dict[str, object]:
    """The schedule, where the rules understood too little for a spec but could read when it is to run."""
    found = [s for s in (find_schedule(r.sentence) for r in sentences) if s and not s.problem]
    timed = next((s for s in found if s.trigger is not None), None)
    if timed is None or len({(s.cron, s.event) for s in found if s.trigger}) > 1:
        return {}
    zone = next((s.timezone for s in found if s.timezone), None)
    return {"trigger": timed.trigger, "schedule": timed.cron, "event": timed.event, "timezone": zone if timed.trigger is Trigger.SCHEDULED else None}


def _completed(spec: PipelineSpec, ground: Ground) -> tuple[PipelineSpec, tuple[Finding, ...]]:
    """The proposal with the real columns of its sources, and what is in the way of reading them."""
    steps: list[Step] = []
    findings: list[Finding] = []
    for i, step in enumerate(spec.steps):
        if not isinstance(step, SourceStep):
            steps.append(step)
            continue
        config, problem = _source(step.config, ground)
        steps.append(step.model_copy(update={"config": config}))
        findings += [problem.model_copy(update={"field": f"steps[{i}].config"})] if problem else []
    return spec.model_copy(update={"steps": tuple(steps)}), tuple(findings)


def _source(config: SourceConfig, ground: Ground) -> tuple[SourceConfig, Finding | None]:
    try:
        found = ground.read_schema(config)
    except InvalidInput as outside:
        return config, next((f for f in outside.findings if isinstance(f, Finding)), None)
    if isinstance(found, Unreadable):
        known = ground.source_configs.get(place_of(config), config)
        hopeless = found.why in (Obstacle.BROKEN, Obstacle.CHOICE, Obstacle.EMPTY)
        return known, error("unreadable-source", "", found.reason) if hopeless else None
    return ground.source_configs.get(place_of(found.config), found.config), None


def _invented(spec: PipelineSpec, ground: Ground) -> Iterator[Finding]:
    """Places that the brief does not name."""
    known = {place_of(s.config) for s in (ground.floor.spec.steps if ground.floor.spec else ()) if not isinstance(s, TransformStep)}
    brief = _plain(ground.brief)
    for i, step in enumerate(spec.steps):
        if isinstance(step, TransformStep) or place_of(step.config) in known:
            continue
        for field, parts in _names(step.config):
            if strange := [p for p in parts if _plain(p) not in brief]:
                said = f"{strange[0]!r} is not in the brief."
                yield error(
                    "not-in-brief",
                    f"steps[{i}].config.{field}",
                    said,
                    "Take places from the brief as they stand there; where it names none, leave the step out.",
                )


def _names(config: SourceConfig | DestinationConfig) -> Iterator[tuple[str, list[str]]]:
    """The parts of a config that must come from the brief."""
    for field, key in (("path", "path"), ("spreadsheet_id", "spreadsheetId"), ("sheet_name", "sheetName"), ("range", "range"), ("table", "table"),
                       ("project", "project"), ("url", "url"), ("query", "query"), ("url_secret", "urlSecret")):  # fmt: skip
        value = getattr(config, field, None)
        if not isinstance(value, str) or not value:
            continue
        if field == "path":
            yield key, [p for p in value.split("/") if p not in ("", ".", "..")]
        elif field == "url":
            parts = urlsplit(value)
            yield key, [p for p in (parts.hostname or "", parts.path.strip("/")) if p]
        elif field == "range":
            yield key, [p.strip("'") for p in value.split("!")]
        else:
            yield key, [value]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
