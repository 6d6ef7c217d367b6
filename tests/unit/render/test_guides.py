"""README.md and EXECUTION_STRATEGY.md (P3, P6): they speak of the very pipeline they lie beside."""

from __future__ import annotations

from typing import Any

from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import load_document
from tidemill.render.guides_md import render_readme, render_strategy

COLUMNS = {"id": "integer", "name": "string"}
SOURCE = {"type": "source", "name": "Shop", "config": {"path": "shop.csv", "columns": COLUMNS}}
KEEP = {"type": "transform", "name": "Keep known", "config": {"filter": {"id": {"greaterThan": 0}}, "dropNulls": {"columns": ["name"]}}}


def document(*steps: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"name": "Customers", "steps": list(steps), **more}


def readme(*steps: dict[str, Any], **more: object) -> str:
    spec = load_document(document(*steps, **more))
    return render_readme(spec, schema_flow(spec))


def strategy(*steps: dict[str, Any], **more: object) -> str:
    spec = load_document(document(*steps, **more))
    return render_strategy(spec, schema_flow(spec))


def to_database(mode: str, **more: object) -> dict[str, Any]:
    config = {
        "connector": "postgres",
        "url": "postgresql://loader@db/dwh",
        "passwordSecret": "env:DWH_PASSWORD",
        "table": "crm.people",
        "mode": mode,
        **more,
    }
    return {"type": "destination", "name": "Save people", "config": config}


FILE = {"type": "destination", "name": "Save file", "config": {"path": "out/people.csv"}}


def test_readme_tells_each_step_in_words() -> None:
    text = readme(SOURCE, KEEP, FILE)
    assert "1. **Shop**: read CSV file `shop.csv`." in text
    assert "2. **Keep known**: drop rows where `name` is missing; keep rows where `id` is greater than 0." in text
    assert "3. **Save file**: write CSV file `out/people.csv`." in text


def test_readme_names_packages_and_secrets() -> None:
    text = readme(SOURCE, to_database("replace"))
    assert "pip install 'ibis-framework[duckdb]' 'psycopg[binary]' sqlalchemy tenacity" in text
    assert "| `DWH_PASSWORD` | a secret that `Save people` needs |" in text


def test_readme_names_the_schedule_with_its_time_zone() -> None:
    text = readme(SOURCE, FILE, trigger="scheduled", schedule="0 9 * * *", timezone="Europe/Berlin")
    assert "`0 9 * * *` (cron: minute, hour, day of month, month, day of week), time zone Europe/Berlin" in text


def test_strategy_has_a_section_for_each_kind_of_run() -> None:
    headings = [line for line in strategy(SOURCE, KEEP, FILE).splitlines() if line.startswith("## ")]
    assert headings == [
        "## First run", "## Run again, sources unchanged", "## Run again after a source has changed", "## When a run fails",
        "## When a source is empty",
        "## Two runs at the same time",
    ]  # fmt: skip


def test_strategy_of_a_file_says_that_it_is_renamed_when_whole() -> None:
    text = strategy(SOURCE, KEEP, FILE)
    assert "CSV file `out/people.csv`: the file is the old one until the new one is complete; there is never half a file." in text


def test_strategy_of_an_upsert_names_its_keys() -> None:
    text = strategy(SOURCE, to_database("upsert", keys=["id", "name"]))
    assert "rows with the same `id` and `name` are deleted and written again in one transaction" in text
    assert "by `id` and `name`; rows that the sources no longer have stay" in text


def test_strategy_of_an_append_warns_before_anything_else() -> None:
    text = strategy(SOURCE, to_database("append"))
    assert "**Not safe to repeat without thought:** **Save people** appends" in text
    assert "the same rows are added a second time" in text
    assert "may be run again at any time" not in text


def test_strategy_of_two_destinations_says_what_a_failure_between_them_leaves() -> None:
    text = strategy(SOURCE, FILE, {**to_database("replace"), "inputs": ["Shop"]})
    assert "written one after the other: `Save file` then `Save people`" in text


def test_strategy_of_totals_says_that_no_rows_still_give_one() -> None:
    total = {"type": "transform", "name": "Total", "config": {"aggregations": [{"operation": "count", "outputName": "n"}]}}
    assert "but for the one row of totals over all rows" in strategy(SOURCE, total, FILE)


def test_strategy_says_what_becomes_of_missed_runs() -> None:
    text = strategy(SOURCE, FILE, trigger="scheduled", schedule="0 9 * * *", missedRuns="runOnce")
    assert "one run makes up for all of them" in text
