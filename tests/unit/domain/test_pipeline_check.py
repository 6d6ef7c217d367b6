"""Rules beyond a spec's shape: names, inputs, targets, paths, credentials, schedule, contradictions (P9, P15)."""

from __future__ import annotations

from typing import Any

import pytest

from tidemill.domain.finding import Severity
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.pipeline_check import CheckContext, check_pipeline

SOURCE = {"type": "source", "name": "load", "config": {"path": "in.csv", "columns": {"id": "integer", "amount": "number", "state": "string"}}}
SAVE = {"type": "destination", "name": "save", "config": {"path": "out.csv"}}


def rules(*steps: dict[str, Any], **top: Any) -> list[tuple[str, str]]:
    spec = PipelineSpec.model_validate({"name": "p", **top, "steps": list(steps)})
    return [(f.rule, f.field) for f in check_pipeline(spec, CheckContext(project="/srv/project", allowed_folders=("/data",)))]


def source(**config: Any) -> dict[str, Any]:
    return {"type": "source", "name": "load", "config": config}


def save(**config: Any) -> dict[str, Any]:
    return {"type": "destination", "name": "save", "config": config}


def transform(name: str = "t", **config: Any) -> dict[str, Any]:
    return {"type": "transform", "name": name, "config": config}


def test_a_sound_pipeline_has_no_findings() -> None:
    assert rules(SOURCE, transform(filter={"amount": {"greaterThan": 0}}), SAVE) == []


def test_names_are_unique_whatever_their_case() -> None:
    assert ("duplicate-name", "steps[1].name") in rules(SOURCE, {**SAVE, "name": "LOAD"})


def test_a_pipeline_reads_and_writes_something() -> None:
    assert {r for r, _ in rules(transform(limit=1))} == {"no-source", "no-destination", "no-input", "unused-step"}


def test_an_empty_step_is_an_error() -> None:
    assert ("empty-step", "steps[1].config") in rules(SOURCE, transform(), SAVE)


@pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "a/../../x.csv", "/data/../etc/x.csv", "a\0b.csv"])
def test_a_path_may_not_leave_the_project(path: str) -> None:
    assert ("path-outside-project", "steps[0].config.path") in rules(source(connector="csv", path=path), SAVE)


@pytest.mark.parametrize("path", ["a/../x.csv", "/srv/project/x.csv", "/data/x.csv", "s3://bucket/x.csv"])
def test_paths_in_the_project_or_an_allowed_folder_are_fine(path: str) -> None:
    assert rules(source(path=path), SAVE) == []


@pytest.mark.parametrize(
    "config",
    [
        {"url": "postgresql://me:hunter2@db/shop", "table": "t"},
        {"url": "https://api.example/x?api_key=1"},
        {"url": "https://api.example/x", "headers": {"Authorization": "Bearer 1"}},
        {"url": "https://api.example/x", "params": {"token": "1"}},
    ],
)
def test_a_credential_in_the_spec_is_an_error_that_does_not_repeat_it(config: dict[str, Any]) -> None:
    spec = PipelineSpec.model_validate({"name": "p", "steps": [source(**config), SAVE]})
    findings = [f for f in check_pipeline(spec) if f.rule == "credential-inline"]
    assert findings
    assert "hunter2" not in str(findings)


def test_a_destination_may_not_overwrite_its_source() -> None:
    assert ("overwrites-source", "steps[1].config") in rules(SOURCE, save(path="./in.csv"))


def test_two_destinations_may_not_write_to_one_place() -> None:
    assert ("same-target", "steps[2].config") in rules(SOURCE, SAVE, {**SAVE, "name": "again"})


def test_another_sheet_of_the_same_spreadsheet_is_no_overwriting() -> None:
    assert rules(source(spreadsheetId="1B", range="Sales!A1:G9"), save(spreadsheetId="1B", sheetName="Out")) == []


def test_upsert_needs_keys_that_exist() -> None:
    assert ("missing-key", "steps[1].config.keys") in rules(SOURCE, save(path="o.db", table="t", mode="upsert"))
    assert ("unknown-column", "steps[1].config.keys") in rules(SOURCE, save(path="o.db", table="t", mode="upsert", keys=["nope"]))


def test_append_is_warned_of() -> None:
    assert ("not-idempotent", "steps[1].config.mode") in rules(SOURCE, save(path="o.db", table="t", mode="append"))


def test_a_schedule_that_never_fires_is_an_error() -> None:
    assert [r for r, _ in rules(SOURCE, SAVE, trigger="scheduled", schedule="0 9 31 2 *")] != []


def test_a_scheduled_pipeline_needs_a_schedule() -> None:
    assert ("missing-key", "schedule") in rules(SOURCE, SAVE, trigger="scheduled")


def test_an_unknown_time_zone_names_the_nearest() -> None:
    spec = PipelineSpec.model_validate(
        {"name": "p", "trigger": "scheduled", "schedule": "0 9 * * *", "timezone": "Europe/Berln", "steps": [SOURCE, SAVE]}
    )
    (finding,) = check_pipeline(spec)
    assert finding.severity is Severity.ERROR
    assert "Europe/Berlin" in finding.fix


@pytest.mark.parametrize(
    "filters",
    [
        [{"state": {"equals": "open"}}, {"state": {"equals": "closed"}}],
        [{"amount": {"greaterThan": 10}}, {"amount": {"lessThan": 5}}],
        [{"amount": {"greaterThan": 10, "lessThanOrEqual": 10}}],
        [{"amount": {"isNull": True}}, {"amount": {"greaterThan": 1}}],
    ],
)
def test_filters_that_no_row_can_pass_are_found(filters: list[dict[str, Any]]) -> None:
    steps = [transform(f"t{i}", filter=f) for i, f in enumerate(filters)]
    assert "never-true" in [r for r, _ in rules(SOURCE, *steps, SAVE)]


def test_the_same_column_may_be_filtered_again_after_it_was_computed_anew() -> None:
    steps = [
        transform("a", filter={"amount": {"greaterThan": 10}}),
        transform("b", addColumns=[{"name": "amount", "formula": "{amount} / 100"}]),
        transform("c", filter={"amount": {"lessThan": 5}}),
    ]
    assert rules(SOURCE, *steps, SAVE) == []
