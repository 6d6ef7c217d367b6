"""The artifact folder (P3): its files, its digest, its steps that no test covers."""

from __future__ import annotations

import time

from tidemill.adapters.local.formatter import format_python
from tidemill.domain.spec_yaml import load_document, load_spec
from tidemill.render.bundle import render_bundle

DOCUMENT = {
    "name": "Orders",
    "steps": [
        {"type": "source", "name": "Orders", "config": {"path": "orders.csv", "columns": {"id": "integer", "amount": "number"}}},
        {"type": "transform", "name": "Keep large", "config": {"filter": {"amount": {"greaterThan": 10}}}},
        {"type": "destination", "name": "Large", "config": {"path": "large.csv"}},
    ],
}
PYTHON = {"python": {"code": "def transform(rows):\n    return rows\n", "columns": {"id": "integer", "amount": "number"}}}


def test_the_bundle_holds_the_files_of_an_artifact_folder() -> None:
    bundle = render_bundle(load_document(DOCUMENT), format_python=format_python)
    assert {a.path for a in bundle.artifacts} == {"config.yaml", "pipeline.py", "tests.py", "README.md", "EXECUTION_STRATEGY.md", ".gitignore"}


def test_the_same_spec_gives_the_same_digest() -> None:
    one, other = (render_bundle(load_document(DOCUMENT), format_python=format_python) for _ in range(2))
    assert one.digest == other.digest


def test_config_yaml_is_the_spec() -> None:
    spec = load_document(DOCUMENT)
    assert load_spec(render_bundle(spec, format_python=str).text_of("config.yaml")) == spec


def test_a_python_step_is_named_as_untested_and_the_readme_says_so() -> None:
    steps = [DOCUMENT["steps"][0], {"type": "transform", "name": "Own code", "config": PYTHON}, DOCUMENT["steps"][2]]
    bundle = render_bundle(load_document({"name": "Orders", "steps": steps}), format_python=str)
    assert bundle.untested == ("Own code",)
    assert "**Own code**" in bundle.text_of("README.md")


def test_rendering_takes_well_under_a_tenth_of_a_second() -> None:
    spec = load_document(DOCUMENT)
    render_bundle(spec, format_python=str)
    best = min(_seconds(spec) for _ in range(3))
    assert best < 0.1


def _seconds(spec: object) -> float:
    began = time.perf_counter()
    render_bundle(spec, format_python=str)  # type: ignore[arg-type]
    return time.perf_counter() - began
