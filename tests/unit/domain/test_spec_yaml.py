"""config.yaml: the shape of the sales-analytics example, positions of errors, hostile files (P1, P2)."""

from __future__ import annotations

import pytest

from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.spec_yaml import dump_spec, json_schema, load_spec, spec_document
from tidemill.errors import InvalidInput

SALES = """\
name: Sales Analytics Pipeline
description: Process sales orders
trigger: scheduled
schedule: "0 9 * * *"
steps:
  - type: source
    name: Load Sales Data
    config:
      spreadsheetId: 1BxiMVs0
      range: Sales!A1:G1000
      credentialsPath: credentials.json
  - type: transform
    name: Calculate
    config:
      addColumns:
        - name: total_revenue
          formula: "{unit_price} * {quantity}"
  - type: transform
    name: Filter and Aggregate
    config:
      filter:
        total_revenue:
          greaterThan: 100
      groupBy:
        - product_name
      aggregations:
        - column: total_revenue
          operation: sum
          outputName: total
  - type: destination
    name: Save
    config:
      spreadsheetId: 1BxiMVs0
      sheetName: Out
      credentialsPath: credentials.json
"""


def findings_of(text: str) -> list[tuple[str, str, int | None, int | None]]:
    with pytest.raises(InvalidInput) as caught:
        load_spec(text)
    return [(f.rule, f.field, f.line, f.column) for f in caught.value.findings]


def test_the_seed_shape_loads_and_saves_unchanged() -> None:
    assert dump_spec(load_spec(SALES)) == SALES


def test_saving_and_loading_gives_an_equal_spec() -> None:
    spec = load_spec(SALES)
    assert load_spec(dump_spec(spec)) == spec
    assert PipelineSpec.model_validate(spec_document(spec)) == spec


@pytest.mark.parametrize("text", ["1e5", "0o17", "yes", "null", "12:30:00", "2025-01-31", "", " x ", "007", "*", "é\nb", "a: b", "-"])
def test_texts_that_look_like_something_else_survive(text: str) -> None:
    document = {"name": "n", "description": text, "steps": [{"type": "source", "name": "s", "config": {"path": "a.csv"}}]}
    spec = PipelineSpec.model_validate(document)
    assert load_spec(dump_spec(spec)).description == text


def test_an_unknown_key_has_its_place_and_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_spec(SALES.replace("greaterThan", "greaterThn"))
    (finding,) = caught.value.findings
    assert (finding.line, finding.column) == (23, 11)
    assert "Did you mean `greaterThan`?" in finding.fix


def test_a_wrong_operation_lists_what_is_allowed() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_spec(SALES.replace("operation: sum", "operation: median_of"))
    assert "`countDistinct`" in caught.value.findings[0].fix  # type: ignore[attr-defined]


def test_every_mistake_is_reported_at_once() -> None:
    broken = SALES.replace("type: destination", "type: sink").replace("groupBy", "groupby").replace("operation: sum", "operation: smu")
    assert {rule for rule, *_ in findings_of(broken)} == {"unknown-step-type", "unknown-key", "not-allowed"}


def test_an_unknown_connector_says_what_would_be_known() -> None:
    text = "name: x\nsteps:\n  - type: source\n    name: a\n    config: {path: data.xlsx}\n"
    assert findings_of(text) == [("unknown-connector", "steps[0].config", 5, 5)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "not-a-pipeline"),
        ("- a", "not-a-pipeline"),
        ("a: [", "yaml-syntax"),
        ("\tname: x", "yaml-syntax"),
        ("a: &x [1]\nb: *x", "yaml-alias"),
        ("[" * 200, "too-deep"),
        ("name: a\nname: b", "duplicate-key"),
        ("? [a]\n: b", "complex-key"),
        ("name: x\n---\nname: y", "several-documents"),
        ("x" * 1_100_000, "too-large"),
        ("name: x\nsteps: []", "invalid-value"),
        ("name: x", "missing-key"),
    ],
)
def test_files_that_are_no_pipeline_are_refused_by_rule(text: str, rule: str) -> None:
    assert findings_of(text)[0][0] == rule


def test_a_yaml_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)},*{chr(97 + i)}]\n" for i in range(20))
    assert findings_of(bomb) == [("yaml-alias", "", 1, 4)]


def test_the_schema_knows_every_transform() -> None:
    properties = json_schema()["$defs"]["TransformConfig"]["properties"]  # type: ignore[index]
    assert {"addColumns", "filter", "groupBy", "aggregations", "join", "union", "window", "pivot", "sql", "python"} <= set(properties)
