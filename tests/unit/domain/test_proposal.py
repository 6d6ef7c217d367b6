"""What a model is asked for, and reading its answer (P11)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tidemill.domain.proposal import answer_schema, read_answer
from tidemill.domain.spec_yaml import load_document
from tidemill.errors import InvalidInput

SPEC = {"name": "x", "steps": [{"type": "source", "name": "a", "config": {"path": "a.csv"}}]}


def parts(schema: object) -> Iterator[dict[str, object]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


def test_everything_that_repeats_in_the_schema_has_a_bound() -> None:
    unbounded = [
        p for p in parts(answer_schema())
        if (p.get("type") == "string" and not {"maxLength", "enum", "const", "pattern"} & p.keys())
        or (p.get("type") == "array" and not {"maxItems", "prefixItems"} & p.keys())
    ]  # fmt: skip
    assert unbounded == []


def test_the_schema_leaves_out_what_typed_code_decides() -> None:
    text = json.dumps(answer_schema())
    assert not [key for key in ('"schedule"', '"timezone"', '"python"', '"encoding"') if key in text]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    schema = answer_schema()
    wanted = {str(p["$ref"]).removeprefix("#/$defs/") for p in parts(schema) if "$ref" in p}
    assert wanted == set(schema["$defs"])  # type: ignore[call-overload]


@pytest.mark.parametrize("around", ["{}", "Here you are:\n```json\n{}\n```\nHope it helps!"])
def test_an_answer_is_found_among_words(around: str) -> None:
    text = around.replace("{}", json.dumps({"pipeline": SPEC, "readings": []}))
    assert read_answer(text).pipeline["name"] == "x"


def test_a_bare_pipeline_is_taken() -> None:
    assert load_document(read_answer(json.dumps(SPEC)).pipeline).name == "x"


def test_readings_of_a_wrong_shape_are_passed_over() -> None:
    readings = [{"sentence": 1, "understood": True, "steps": ["a"]}, {"sentence": "one"}, 7]
    assert [r.sentence for r in read_answer(json.dumps({"pipeline": SPEC, "readings": readings})).readings] == [1]


def test_parts_given_as_nothing_are_left_out() -> None:
    step = {"type": "transform", "name": "t", "inputs": [], "config": {"filter": {"a": {"equals": 1, "in": None}}, "sort": [], "limit": None}}
    spec = load_document(read_answer(json.dumps({**SPEC, "steps": [*SPEC["steps"], step]})).pipeline)  # type: ignore[misc]
    assert spec.steps[1].config.operations == ("filter",)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "no", "[1, 2]", '{"pipeline": ', '{"a": NaN}', "{" * 100_000, '{"pipeline": []}'])
def test_an_answer_without_a_pipeline_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_answer(text)
