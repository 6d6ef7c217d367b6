"""Schemas carried through all steps of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.finding import Finding, error
from tidemill.domain.nearest import suggest
from tidemill.domain.stages import Stage, stages
from tidemill.domain.table_schema import ColumnType, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidemill.domain.pipeline import PipelineSpec, TransformStep

_PASSES = 4
"""Demands reach a source in one pass; what they make known can raise further ones, seldom more than once."""


@dataclass(frozen=True)
class SchemaFlow:
    """The tables between the steps."""

    order: tuple[str, ...]
    """Step names, every step after its inputs; steps of a cycle are left out."""
    inputs: Mapping[str, tuple[TableSchema, ...]]
    """Per step, the schemas of its inputs in order."""
    outputs: Mapping[str, TableSchema]
    """Per step, the schema it leaves; of a destination, what is written. For a source without declared columns: those that later steps
    need, with `complete=False`."""
    stages: Mapping[str, tuple[Stage, ...]]
    """Per transform step, its operations in order."""
    findings: tuple[Finding, ...]


def schema_flow(spec: PipelineSpec) -> SchemaFlow:
    """Carries the source schemas through all steps; never raises, what is wrong is a finding."""
    assumed: dict[str, dict[str, ColumnType]] = {}
    for _ in range(_PASSES):
        walk = _Walk(spec, assumed)
        if walk.assumed == assumed:
            break
        assumed = walk.assumed
    return walk.flow()


class _Walk:
    """One pass over the steps, gathering what is demanded of sources whose columns are not declared."""

    def __init__(self, spec: PipelineSpec, assumed: Mapping[str, Mapping[str, ColumnType]]) -> None:
        self.spec = spec
        self.assumed = {source: dict(columns) for source, columns in assumed.items()}
        self.inputs: dict[str, tuple[TableSchema, ...]] = {}
        self.outputs: dict[str, TableSchema] = {}
        self.stages: dict[str, tuple[Stage, ...]] = {}
        self.origins: dict[str, tuple[str, ...]] = {}
        """Per step, the sources its unknown columns may come from."""
        self.order, self.findings = _order(spec)
        for index in self.order:
            self._visit(index)

    def flow(self) -> SchemaFlow:
        names = tuple(self.spec.steps[i].name for i in self.order)
        return SchemaFlow(names, self.inputs, self.outputs, self.stages, tuple(self.findings))

    def _visit(self, index: int) -> None:
        step = self.spec.steps[index]
        if step.type == "source":
            self._source(index)
            return
        read = [n for n in self.spec.inputs_of(index) if n in self.outputs]
        self.inputs[step.name] = tuple(self.outputs[n] for n in read)
        self.origins[step.name] = tuple(dict.fromkeys(o for n in read for o in self.origins[n]))
        if not read:
            self.outputs[step.name] = TableSchema(complete=False)
        elif step.type == "destination":
            self.outputs[step.name] = self.outputs[read[0]]
        else:
            self._transform(index, step, read)

    def _source(self, index: int) -> None:
        step = self.spec.steps[index]
        declared = step.config.columns if step.type == "source" else None
        self.inputs[step.name] = ()
        if declared is not None:
            self.outputs[step.name] = TableSchema({n: ColumnType(t) for n, t in declared.items()})
            self.origins[step.name] = ()
        else:
            self.outputs[step.name] = TableSchema(self.assumed.get(step.name, {}), complete=False)
            self.origins[step.name] = (step.name,)

    def _transform(self, index: int, step: TransformStep, read: list[str]) -> None:
        done = stages(step.config, self.inputs[step.name], read)
        for stage in done:
            for found in stage.findings:
                self.findings.append(found.model_copy(update={"field": f"steps[{index}].config.{found.field}"}))
            left = self.origins[read[0]] or self.origins[step.name]
            self._assume(stage.demands, left if stage.operation == "join" else self.origins[step.name])
            if stage.right_demands:
                self._assume(stage.right_demands, self.origins[read[-1]])
            if stage.after.complete or stage.operation == "pivot":
                self.origins[step.name] = ()
        self.stages[step.name] = tuple(done)
        self.outputs[step.name] = done[-1].after if done else self.inputs[step.name][0]

    def _assume(self, demands: Mapping[str, ColumnType], origins: tuple[str, ...]) -> None:
        for name, kind in demands.items():
            for origin in origins[:1]:
                known = self.assumed.setdefault(origin, {})
                if known.get(name, ColumnType.UNKNOWN) is ColumnType.UNKNOWN:
                    known[name] = kind


def _order(spec: PipelineSpec) -> tuple[list[int], list[Finding]]:
    """Indexes of the steps, inputs first; unknown inputs and cycles are findings."""
    index_of = {s.name: i for i, s in reversed(list(enumerate(spec.steps)))}
    findings: list[Finding] = []
    waiting: dict[int, set[int]] = {}
    for i, step in enumerate(spec.steps):
        read = spec.inputs_of(i)
        for name in read:
            if name not in index_of:
                findings.append(error("unknown-step", f"steps[{i}].inputs", f"There is no step `{name}`.", suggest(name, index_of)))
            elif spec.steps[index_of[name]].type == "destination":
                findings.append(
                    error("reads-destination", f"steps[{i}].inputs", f"`{name}` is a destination and gives no table.", "Read the step before it.")
                )
        waiting[i] = {index_of[n] for n in read if n in index_of}
        if step.type != "source" and not read:
            findings.append(
                error("no-input", f"steps[{i}]", f"`{step.name}` has nothing to read.", "Put a source before it, or give `inputs: [step]`.")
            )
    order: list[int] = []
    while ready := [i for i, needs in waiting.items() if needs <= set(order)]:
        order += ready
        for i in ready:
            del waiting[i]
    if waiting:
        names = ", ".join(f"`{spec.steps[i].name}`" for i in waiting)
        findings.append(
            error(
                "cycle", f"steps[{min(waiting)}].inputs", f"These steps wait for each other: {names}.", "Change `inputs` so that data flows one way."
            )
        )
    return order, findings
