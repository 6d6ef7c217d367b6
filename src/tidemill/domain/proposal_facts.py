"""What a spec does, taken apart so that two specs can be compared whatever their steps are called and however they are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from tidemill.domain.connectors import DestinationConfig, SourceConfig
from tidemill.domain.finding import Finding, error
from tidemill.domain.formula import Binary, Call, Column, Node, Unary, condition_formula, parse_formula, unparse
from tidemill.domain.pipeline import DestinationStep, PipelineSpec, SourceStep, TransformStep
from tidemill.domain.spec_yaml import spec_document
from tidemill.domain.transforms import Condition, TransformConfig
from tidemill.errors import FormulaError

_BY_KEY = ("cast", "fillNulls", "rename")
_BY_ELEMENT = ("addColumns", "aggregations", "window")


@dataclass(frozen=True)
class Fact:
    """One thing a transform step does, in a form in which equal things are equal."""

    operation: str
    """Name of the key in config.yaml; `keep` for every way to keep rows by a condition."""
    text: str
    """A formula, or canonical JSON."""

    def __str__(self) -> str:
        return f"{self.operation}: {self.text}"


Place = tuple[str, ...]
"""What a source or destination reads or writes."""


def facts_of(config: TransformConfig) -> tuple[Fact, ...]:
    """What a transform step does, in order of application."""
    document = spec_document(config)
    found: list[Fact] = []
    for operation, value in document.items():
        found += _facts(operation, value, config)
    return tuple(dict.fromkeys(found))


def place_of(config: SourceConfig | DestinationConfig) -> Place:
    """What tells two places apart; paths without a leading `./`."""
    names = ("path", "url", "url_secret", "spreadsheet_id", "project", "table", "query", "range", "sheet_name")
    values = [(n, getattr(config, n, None)) for n in names]
    return (str(config.connector), *(f"{n}={_plain_path(str(v)) if n == 'path' else v}" for n, v in values if v))


def route_to(spec: PipelineSpec, name: str) -> tuple[Fact, ...]:
    """Everything that is done on the way to a step, in order."""
    index_of = {s.name: i for i, s in enumerate(spec.steps)}
    wanted: set[int] = set()
    waiting = [index_of[name]]
    while waiting:
        here = waiting.pop()
        if here not in wanted:
            wanted.add(here)
            waiting += [index_of[n] for n in spec.inputs_of(here) if n in index_of]
    return tuple(f for i in sorted(wanted) for f in _step_facts(spec, i))


def lost_readings(floor: PipelineSpec, spec: PipelineSpec) -> tuple[Finding, ...]:
    """What the rules understood of a brief and a proposed spec does not do, or does elsewhere or in another order."""
    return tuple(dict.fromkeys([*_lost_sources(floor, spec), *_lost_routes(floor, spec)]))


def same_work(one: PipelineSpec, other: PipelineSpec) -> bool:
    """True if both do the same, step names aside."""
    return not lost_readings(one, other) and not lost_readings(other, one)


def _step_facts(spec: PipelineSpec, index: int) -> tuple[Fact, ...]:
    step = spec.steps[index]
    return facts_of(step.config) if isinstance(step, TransformStep) else ()


def _lost_sources(floor: PipelineSpec, spec: PipelineSpec) -> Iterator[Finding]:
    read = {place_of(s.config) for s in spec.steps if isinstance(s, SourceStep)}
    for step in floor.steps:
        if isinstance(step, SourceStep) and place_of(step.config) not in read:
            yield error("left-out", "steps", f"The source {_shown(place_of(step.config))} is not read.", "Add it as the brief names it.")


def _lost_routes(floor: PipelineSpec, spec: PipelineSpec) -> Iterator[Finding]:
    written = {place_of(s.config): s.name for s in spec.steps if isinstance(s, DestinationStep)}
    every = {f for i in range(len(floor.steps)) for f in _step_facts(floor, i)}
    for step in floor.steps:
        if not isinstance(step, DestinationStep):
            continue
        place = place_of(step.config)
        if place not in written:
            yield error("left-out", "steps", f"Nothing is written to {_shown(place)}.", "Add this destination as the brief names it.")
            continue
        wanted, done = route_to(floor, step.name), route_to(spec, written[place])
        yield from _differences(wanted, done, every - set(wanted), _shown(place))


def _differences(wanted: tuple[Fact, ...], done: tuple[Fact, ...], not_here: set[Fact], place: str) -> Iterator[Finding]:
    for fact in wanted:
        if fact not in done:
            yield error(
                "left-out", "steps", f"On the way to {place}, `{fact}` is missing.", "Put it back exactly so; the rules read it in the brief."
            )
    for fact in done:
        if fact in not_here:
            yield error(
                "misplaced", "steps", f"`{fact}` must not be done on the way to {place}.", "Let that destination read an earlier step by `inputs`."
            )
    order = [done.index(f) for f in wanted if f in done]
    if order != sorted(order):
        listed = "; ".join(f"`{f}`" for f in wanted)
        yield error("reordered", "steps", f"On the way to {place} the order is not that of the brief.", f"The order is: {listed}.")


def _facts(operation: str, value: object, config: TransformConfig) -> Iterator[Fact]:
    if operation == "filter":
        for column, condition in (config.filter or {}).items():
            yield from _kept(_condition(column, condition))
    elif operation == "where":
        yield from _kept(_formula(str(value)))
    elif operation == "exclude":
        yield _excluded(config.exclude or {})
    elif (
        operation == "dropNulls"
        and config.drop_nulls
        and config.drop_nulls.columns
        and (config.drop_nulls.how == "any" or len(config.drop_nulls.columns) == 1)
    ):
        yield from (Fact("keep", unparse(_present(c))) for c in config.drop_nulls.columns)
    elif operation in _BY_KEY and isinstance(value, dict):
        yield from (Fact(operation, _json({k: v})) for k, v in value.items())
    elif operation in _BY_ELEMENT and isinstance(value, list):
        yield from (Fact(operation, _json(_with_plain_formula(v))) for v in value)
    elif operation == "drop" and isinstance(value, list):
        yield from (Fact(operation, _json(v)) for v in value)
    elif operation == "limit" and isinstance(value, dict) and "per" not in value:
        yield Fact(operation, _json(value.get("count")))
    elif operation == "groupBy" and isinstance(value, list):
        yield Fact(operation, _json(sorted(map(str, value))))
    else:
        yield Fact(operation, _json(value))


def _kept(formula: Node | str) -> Iterator[Fact]:
    if isinstance(formula, str):
        yield Fact("keep", formula)
    elif isinstance(formula, Binary) and formula.operator == "and":
        yield from _kept(formula.left)
        yield from _kept(formula.right)
    else:
        yield Fact("keep", unparse(formula))


def _excluded(conditions: dict[str, Condition]) -> Fact:
    nodes = [_condition(c, conditions[c]) for c in sorted(conditions)]
    absent = nodes[0] if len(nodes) == 1 else None
    if isinstance(absent, Call) and absent.function == "is_null":
        return Fact("keep", unparse(Unary("not", absent)))
    return Fact("exclude", unparse(reduce(lambda one, other: Binary("and", one, other), nodes)))


def _condition(column: str, condition: Condition) -> Node:
    return condition_formula(column, condition).root


def _present(column: str) -> Node:
    return Unary("not", Call("is_null", (Column(column),)))


def _formula(text: str) -> Node | str:
    try:
        return parse_formula(text).root
    except FormulaError:
        return text


def _with_plain_formula(element: object) -> object:
    """Formulas without the writer's spaces and brackets."""
    if isinstance(element, dict) and isinstance(element.get("formula"), str):
        root = _formula(element["formula"])
        return {**element, "formula": root if isinstance(root, str) else unparse(root)}
    return element


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _shown(place: Place) -> str:
    return "`" + ", ".join(p.partition("=")[2] or p for p in place[1:]) + "`"


def _plain_path(path: str) -> str:
    return path.removeprefix("./")
