"""What a model is asked to answer, and its answer as it came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from tidemill.domain.finding import error
from tidemill.domain.spec_yaml import json_schema
from tidemill.domain.values import FrozenModel
from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from tidemill.domain.finding import Finding

MAX_ITEMS = 30
MAX_TEXT = 200
MAX_DEPTH = 40
"""A model held to a grammar ends in time only where everything that repeats has a bound."""
_LONG_TEXTS = {"formula": 500, "where": 500, "sql": 2000, "query": 2000, "url": 500, "path": 300}
_DECIDED_ELSEWHERE = {
    "PipelineSpec": ("trigger", "schedule", "timezone", "missedRuns", "event", "description"),
    "TransformConfig": ("python",),
}
"""Left to typed code: schedules are read by rules, and code is not asked for."""
_READ_FROM_SOURCE = ("columns", "delimiter", "encoding", "nullValues")
"""Found out by looking at the file."""


_FORMS: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "Aggregation": (
        {"column": None, "operation": None, "outputName": None},
        {"operation": {"const": "count"}, "outputName": None},
    ),
    "JoinConfig": ({"on": None}, {"leftOn": None, "rightOn": None}),
}
"""Rules between fields that JSON Schema can say and small models break otherwise."""
_FREE = ("how", "suffix")


class ProposedReading(FrozenModel):
    """What a model says it made of a sentence."""

    sentence: int
    """Number of the sentence, 1-based."""
    understood: bool
    steps: tuple[str, ...] = ()
    """Names of the steps it became."""
    hint: str = ""


class Proposal(FrozenModel):
    """A model's answer; nothing in it is believed yet."""

    pipeline: Annotated[dict[str, object], Field(description="A document in the shape of config.yaml.")]
    readings: tuple[ProposedReading, ...] = ()


_READINGS = TypeAdapter(list[ProposedReading])


def answer_schema() -> dict[str, object]:
    """The JSON Schema of config.yaml with bounds on all that repeats, and of the readings; without what typed code decides."""
    whole = json_schema()
    definitions = whole.pop("$defs")
    assert isinstance(definitions, dict)
    definitions = {name: _bounded(_pruned(name, d)) for name, d in definitions.items()}
    pipeline = _bounded(_pruned("PipelineSpec", {k: v for k, v in whole.items() if k != "$schema"}))
    text = {"type": "string", "maxLength": MAX_TEXT}
    reading = {
        "type": "object",
        "properties": {
            "sentence": {"type": "integer"},
            "understood": {"type": "boolean"},
            "steps": {"type": "array", "items": text, "maxItems": 6},
            "hint": text,
        },
        "required": ["sentence", "understood", "steps"],
        "additionalProperties": False,
    }
    properties = {"pipeline": pipeline, "readings": {"type": "array", "items": reading, "maxItems": 100}}
    used = _used(pipeline, definitions)
    return {
        "type": "object", "properties": properties, "required": ["pipeline", "readings"], "additionalProperties": False,
        "$defs": {name: d for name, d in definitions.items() if name in used},
    }  # fmt: skip


def read_answer(text: str) -> Proposal:
    """The proposal in a model's answer; fences and words around the JSON are passed over, and so are readings of a wrong shape.

    Raises:
        InvalidInput: There is no JSON object with a pipeline in it.
    """
    document = _first_object(text)
    pipeline = document.get("pipeline", document if "steps" in document else None)
    if not isinstance(pipeline, dict):
        raise _unusable("The answer holds no `pipeline`.", 'Answer `{"pipeline": {…}, "readings": […]}`.')
    kept = []
    given = document.get("readings")
    for reading in given if isinstance(given, list) else []:
        try:
            kept += _READINGS.validate_python([reading])
        except ValidationError:
            continue
    return Proposal(pipeline=_tidy_pipeline(pipeline), readings=tuple(kept))


def _first_object(text: str) -> Mapping[str, object]:
    start = text.find("{")
    if start < 0:
        raise _unusable("The answer is not JSON.", "Answer with one JSON object and nothing else.")
    try:
        found, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text, start)
    except (ValueError, RecursionError) as broken:
        where = f" at character {broken.pos}" if isinstance(broken, json.JSONDecodeError) else ""
        raise _unusable(f"The answer is not valid JSON{where}.", "Answer with one JSON object and nothing else.") from None
    assert isinstance(found, dict)
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _tidy_pipeline(pipeline: Mapping[str, object]) -> dict[str, object]:
    """Without what typed code decides and without optional parts that are given as nothing."""
    kept = {k: v for k, v in pipeline.items() if k not in _DECIDED_ELSEWHERE["PipelineSpec"]}
    steps = kept.get("steps")
    if isinstance(steps, list):
        kept["steps"] = [_tidy_step(s) for s in steps]
    return kept


def _tidy_step(step: object) -> object:
    if not isinstance(step, dict):
        return step
    kept = {k: v for k, v in step.items() if k != "description" and v not in (None, [], {})}
    config = kept.get("config")
    if isinstance(config, dict):
        dropped = _READ_FROM_SOURCE if kept.get("type") == "source" else ("columns",) if kept.get("type") == "destination" else ()
        kept["config"] = {k: _without_nothing(v, MAX_DEPTH) for k, v in config.items() if k not in dropped and v not in (None, [], {}, "")}
    return kept


def _without_nothing(value: object, depth: int) -> object:
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {k: _without_nothing(v, depth - 1) for k, v in value.items() if v is not None}
    return [_without_nothing(v, depth - 1) for v in value] if isinstance(value, list) else value


def _pruned(name: str, schema: Mapping[str, object]) -> dict[str, object]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return dict(schema)
    dropped = {
        *_DECIDED_ELSEWHERE.get(name, ()),
        *(_READ_FROM_SOURCE if name.endswith("Source") else ()),
        *(("description",) if name.endswith("Step") else ()),
    }
    kept = {k: v for k, v in properties.items() if k not in dropped}
    required = [r for r in _names(schema.get("required")) if r in kept]
    if name in _FORMS:
        return {"type": "object", "anyOf": [_form(kept, required, fields) for fields in _FORMS[name]]}
    return {**schema, "properties": kept, "required": ["type", *required] if name.endswith("Step") else required}


def _form(properties: Mapping[str, object], required: Sequence[str], fields: Mapping[str, object]) -> dict[str, object]:
    """One way to fill in an object: the fields given must be there, those with a schema of their own have that one."""
    kept = {k: fields.get(k) or v for k, v in properties.items() if k in fields or k in _FREE}
    return {"type": "object", "properties": kept, "required": [k for k in kept if k in fields or k in required], "additionalProperties": False}


def _names(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _bounded(schema: object, key: str = "") -> dict[str, object]:
    """The schema with a largest length for texts, lists and maps; titles and defaults left out."""
    assert isinstance(schema, dict)
    choices = schema.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        # what is optional can be left out; that `null` says the same only makes the schema longer
        rest = [c for c in choices if c != {"type": "null"}]
        return _bounded(rest[0] if len(rest) == 1 else {**schema, "anyOf": rest}, key)
    out: dict[str, object] = {k: v for k, v in schema.items() if k not in ("title", "default", "discriminator", "propertyNames")}
    for name in ("properties", "anyOf", "oneOf", "prefixItems", "items", "additionalProperties"):
        part = out.get(name)
        if name == "properties" and isinstance(part, dict):
            out[name] = {k: _bounded(v, k) for k, v in part.items()}
        elif isinstance(part, list):
            out[name] = [_bounded(p, key) for p in part]
        elif isinstance(part, dict):
            out[name] = _bounded(part, key)
    if "oneOf" in out:
        out["anyOf"] = out.pop("oneOf")
    if out.get("type") == "string" and not {"enum", "const", "pattern"} & out.keys():
        largest = out.get("maxLength")
        out["maxLength"] = min(largest if isinstance(largest, int) else MAX_TEXT * 10, _LONG_TEXTS.get(key, MAX_TEXT))
    if out.get("type") == "array" and "prefixItems" not in out:
        out["maxItems"] = MAX_ITEMS
        out.setdefault("minItems", 1)
    if out.get("type") == "object" and isinstance(out.get("additionalProperties"), dict):
        out["maxProperties"] = MAX_ITEMS
    return out


def _used(schema: object, definitions: Mapping[str, object]) -> set[str]:
    """Names of the definitions that a schema leads to."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            waiting += here.values()
            name = str(here.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in found:
                found.add(name)
                waiting.append(definitions[name])
    return found


def _unusable(message: str, fix: str) -> InvalidInput:
    finding: Finding = error("unusable-answer", "", message, fix)
    return InvalidInput(f"{message} {fix}", findings=(finding,))
