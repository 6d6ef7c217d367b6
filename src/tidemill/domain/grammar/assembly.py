"""Puts the parts of a draft together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tidemill.domain.finding import Finding, error
from tidemill.domain.grammar.remarks import introduction, is_greeting
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.workspace import Placed, Workspace, source_config_patched
from tidemill.domain.pipeline import DestinationStep, PipelineSpec, SourceStep, Trigger
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.source_schema import SourceSchema
from tidemill.domain.table_schema import ColumnType


@dataclass
class Timing:
    """When the pipeline runs, as far as the brief has said."""

    trigger: Trigger | None = None
    cron: str | None = None
    timezone: str | None = None
    event: str | None = None
    missed_runs: Any = None

    def add(self, timed: Any) -> str:
        """Adds what a sentence says; the contradiction with an earlier one, if there is one."""
        for name in ("trigger", "cron", "timezone", "event", "missed_runs"):
            said, before = getattr(timed, name), getattr(self, name)
            if said is not None and before is not None and said != before:
                return f"The brief gives two {'schedules' if name in ('cron', 'trigger') else name}: {before} and {said}."
        for name in ("trigger", "cron", "timezone", "event", "missed_runs"):
            if (said := getattr(timed, name)) is not None:
                setattr(self, name, said)
        return ""


def assemble(space: Workspace, timing: Timing, name: str) -> tuple[PipelineSpec | None, list[Finding]]:
    """The spec, or None with what is missing for one."""
    findings = []
    if not space.sources:
        findings.append(
            error(
                "no-source",
                "",
                "The brief names no source that can be read.",
                "Say where the data comes from: 'Source: orders.csv' or 'read the table orders from shop.db'.",
            )
        )
    if not space.targets:
        findings.append(
            error(
                "no-destination",
                "",
                "The brief names no destination: it is not said where to write the result.",
                "Say where it goes: 'save to out/result.csv' or 'write to table totals in out/report.db'.",
            )
        )
    if findings:
        return None, findings
    steps = [
        s if s.type != "source" or s.name not in space.patches else s.model_copy(update={"config": source_config_patched(s, space.patches[s.name])})
        for s in space.steps
    ]
    written = _final(space)
    placed = [_destination(p, k, written) for k, p in enumerate(written)]
    ordered = _ordered(steps, placed)
    unused = _unused(ordered)
    if unused:
        findings.append(
            error(
                "unused-source",
                "",
                f"Nothing is done with {', '.join(unused)}.",
                "Say how the tables belong together: 'join A with B on COLUMN' or 'combine A and B into one table'.",
            )
        )
    try:
        spec = PipelineSpec(
            name=name or "Pipeline",
            trigger=timing.trigger or (Trigger.SCHEDULED if timing.cron else Trigger.MANUAL),
            schedule=timing.cron,
            timezone=timing.timezone if timing.cron else None,
            event=timing.event,
            steps=tuple(ordered),
            **({"missed_runs": timing.missed_runs} if timing.missed_runs else {}),
        )
    except ValidationError as failure:
        return None, [*findings, error("draft", "", str(failure.errors()[0]["msg"]))]
    return _with_types(spec, space), findings


def _with_types(spec: PipelineSpec, space: Workspace) -> PipelineSpec:
    """The spec with types for source columns in which no value was seen, as later steps need them."""
    steps = list(spec.steps)
    for k, step in enumerate(steps):
        source = next((s for s in space.sources if space.steps[space.sources.index(s)].name == step.name), None) if step.type == "source" else None
        if source is None or not isinstance(source.found, SourceSchema) or not source.found.empty_columns:
            continue
        bare = spec.model_copy(
            update={"steps": (*steps[:k], step.model_copy(update={"config": step.config.model_copy(update={"columns": None})}), *steps[k + 1 :])}
        )
        demanded = schema_flow(bare).outputs[step.name].columns
        empty = source.found.empty_columns - set(space.patches.get(step.name, {}))
        types = {c: t for c, t in demanded.items() if c in empty and t is not ColumnType.UNKNOWN}
        if isinstance(step, SourceStep):
            steps[k] = step.model_copy(update={"config": source_config_patched(step, types)})
    return spec.model_copy(update={"steps": tuple(steps)})


def _final(space: Workspace) -> list[Placed]:
    """The destinations, those named last (or before any step) moved to the end of their table."""
    moved = []
    for p in space.targets:
        later = [q for q in space.targets if q.table == p.table and q.head != p.head]
        table = space.tables.get(p.table) or next(iter(space.tables.values()))
        is_last = space.targets.index(p) > max((space.targets.index(q) for q in later), default=-1)
        moved.append(Placed(p.target, table.head, p.table, p.sentence) if is_last and p.target.stage != "detail" else p)
    return moved


def _destination(placed: Placed, index: int, every: list[Placed]) -> DestinationStep:
    title = placed.target.title
    same = [p for p in every if p.target.title == title]
    if len(same) > 1 or title in {p.head for p in every}:
        title = (
            f"{title} ({placed.target.config.get('connector')})"
            if len({str(p.target.config.get("connector")) for p in same}) == len(same)
            else f"{title} ({index + 1})"
        )
    return DestinationStep.model_validate(
        {"name": title, "description": re.sub(r"\s+", " ", placed.sentence)[:300], "inputs": (placed.head,), "config": dict(placed.target.config)}
    )


def _ordered(steps: list[Any], placed: list[DestinationStep]) -> list[Any]:
    """Every destination behind the step it writes; inputs that follow from the order left out."""
    ordered: list[Any] = []
    for step in steps:
        ordered.append(step)
        ordered += [p for p in placed if p.inputs == (step.name,) and step is not steps[-1] and False]
    ordered += placed
    return [_plain_inputs(ordered, k) for k in range(len(ordered))]


def _plain_inputs(ordered: list[Any], k: int) -> Any:
    step = ordered[k]
    before = next((s.name for s in reversed(ordered[:k]) if s.type != "destination"), None)
    if isinstance(step, SourceStep) or step.inputs != (before,):
        return step
    return step.model_copy(update={"inputs": None})


def _unused(ordered: list[Any]) -> list[str]:
    names = [s.name for s in ordered]
    read: set[str] = set()
    for k, step in enumerate(ordered):
        if step.type == "source":
            continue
        read |= set(step.inputs) if step.inputs else {next((s.name for s in reversed(ordered[:k]) if s.type != "destination"), "")}
    return [n for n, s in zip(names, ordered, strict=True) if s.type == "source" and n not in read]


def named_from(units: list[Unit], space: Workspace) -> str:
    """A name from the brief's title, else from its files."""
    for unit in units[:3]:
        if unit.context == "title" and 1 <= len(unit.text.split()) <= 12:
            return unit.text.strip(" :.#")[:150]
    for unit in units[:2]:
        if found := introduction(unit.text):
            return found[:150]
    first = units[0].text.strip() if units else ""
    if (
        units
        and not units[0].label
        and 1 < len(first.split()) <= 6
        and first[-1:] not in ".,!?:;"
        and not is_greeting(first)
        and not re.search(r"[\d<>=`]|\.\w{2,7}\b", first)
    ):
        return first
    if space.targets:
        return space.targets[-1].target.title.removeprefix("Save ").replace("_", " ").capitalize()
    return "Pipeline"
