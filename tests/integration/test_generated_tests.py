"""P5: the generated tests pass on the generated pipeline and fail on one that is slightly wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import load_document
from tidemill.render.pipeline_py import render_pipeline
from tidemill.render.tests_py import render_tests

if TYPE_CHECKING:
    from pathlib import Path

SPEC = load_document(
    {
        "name": "Orders per customer",
        "steps": [
            {
                "type": "source",
                "name": "orders",
                "config": {"path": "orders.csv", "columns": {"customer": "string", "amount": "number", "day": "date"}},
            },
            {"type": "source", "name": "customers", "config": {"path": "customers.jsonl", "columns": {"customer": "string", "city": "string"}}},
            {"type": "transform", "name": "Big orders", "inputs": ["orders"], "config": {"filter": {"amount": {"greaterThan": 100}}}},
            {
                "type": "transform",
                "name": "With city",
                "inputs": ["Big orders", "customers"],
                "config": {"join": {"how": "left", "on": ["customer"]}},
            },
            {
                "type": "transform",
                "name": "Totals",
                "config": {"groupBy": ["city"], "aggregations": [{"column": "amount", "operation": "sum", "outputName": "total"}]},
            },
            {"type": "destination", "name": "result", "config": {"path": "totals.parquet"}},
        ],
    }
)


def run_tests(folder: Path, pipeline: str) -> str:
    """What pytest says of tests.py beside this pipeline.py."""
    (folder / "pipeline.py").write_text(pipeline, encoding="utf-8")
    (folder / "tests.py").write_text(render_tests(SPEC, schema_flow(SPEC))[0], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120).stdout


def test_generated_tests_pass_on_the_generated_pipeline(tmp_path: Path) -> None:
    said = run_tests(tmp_path, render_pipeline(SPEC, schema_flow(SPEC)))
    assert "passed" in said
    assert "failed" not in said


MISTAKES = [
    ('["amount"] > 100', '["amount"] >= 100', "test_big_orders"),
    ('how="left"', 'how="inner"', "test_with_city"),
    (".sum()", ".mean()", "test_totals"),
]
"""What stands in pipeline.py, what a careless hand makes of it, and the test that has to see it."""


def test_generated_tests_fail_on_a_wrong_pipeline(tmp_path: Path) -> None:
    pipeline = render_pipeline(SPEC, schema_flow(SPEC))
    for right, wrong, _ in MISTAKES:
        assert right in pipeline
        pipeline = pipeline.replace(right, wrong)
    said = run_tests(tmp_path, pipeline)
    assert [test for _, _, test in MISTAKES if f"FAILED tests.py::{test} " not in said] == []
