"""Whatever a client sends, the server answers with something it has declared, and never with a fault of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.integration.parts import BRIEF, CONFIG, EVENT_CONFIG, QUICK, SCHEDULED_CONFIG, ScriptedSandbox, running_server, settings_for
from tidemill.adapters.local.formatter import format_python
from tidemill.bootstrap import Parts
from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.entrypoints.http.app import create_app
from tidemill.render.bundle import render_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.domain.pipeline import PipelineSpec

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 15
TEXTS = (
    "",
    CONFIG,
    SCHEDULED_CONFIG,
    EVENT_CONFIG,
    BRIEF,
    "a: &a [*a]",
    "name: x\nsteps: 7",
    "\ud83d\ude00",
    "\U0001f600",
    "a\x00b",
    "0 9 * * *",
    "0 9 31 2 *",
    "Europe/Berlin",
)
"""What random data would never hit: texts that mean something to a field."""
BODIES: dict[str, tuple[dict[str, object], ...]] = {
    "/api/ai/generate-pipeline": ({"instructions": BRIEF}, {"instructions": f"{BRIEF} And so on.", "pipelineName": "\u00fc/../x"}),
    "/api/pipelines": ({"config": CONFIG}, {"instructions": BRIEF, "artifacts": False}, {"config": EVENT_CONFIG, "name": "\u0000", "force": True}),
    "/api/pipelines/{pipeline_id}": (
        {"config": CONFIG, "force": True},
        {"config": CONFIG.replace("out.csv", "o.csv")},
        {"config": CONFIG, "version": 9},
    ),
    "/api/pipelines/{pipeline_id}/schedule": ({"cron": "0 9 * * *"}, {"cron": "@daily", "timezone": "Asia/Tokyo", "missedRuns": "catchUp"}),
}
"""Whole bodies that are valid, so that what comes after validation is tried too."""
OPERATIONS = tuple(
    (method.upper(), path)
    for path, item in create_app(None).openapi()["paths"].items()
    for method in item
    if method in ("get", "post", "put", "delete")
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    project = tmp_path_factory.mktemp("fuzz")
    (project / "sales.csv").write_text("region,amount\nnorth,1\n")
    settings = settings_for(project, TIDEMILL_HTTP__PORT="0")
    with running_server(settings, Parts(render=quick_to_run, sandbox=ScriptedSandbox())) as url:
        yield url


def quick_to_run(spec: PipelineSpec) -> ArtifactBundle:
    """What the real renderer makes, with a pipeline.py that takes no time."""
    bundle = render_bundle(spec, format_python=format_python)
    quick = Artifact(path="pipeline.py", text=QUICK)
    return bundle.model_copy(update={"artifacts": tuple(quick if a.path == quick.path else a for a in bundle.artifacts)})


@pytest.fixture
def known(server: str) -> dict[str, tuple[str, ...]]:
    """Values of path parameters that name something, made anew for each operation."""
    pipelines, runs = [], []
    for config in (CONFIG, SCHEDULED_CONFIG, EVENT_CONFIG):
        pipelines.append(httpx.post(f"{server}/api/pipelines", json={"config": config}).json()["pipeline"]["id"])
        runs.append(httpx.post(f"{server}/api/pipelines/{pipelines[-1]}/runs").json()["id"])
    return {"pipeline_id": (*pipelines, "none"), "run_id": tuple(runs), "name": ("orders.landed",), "path": ("pipeline.py", "config.yaml")}


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_every_answer_is_declared_and_none_is_a_fault_of_the_server(server: str, known: dict[str, tuple[str, ...]], method: str, path: str) -> None:
    schema = schemathesis.openapi.from_dict(create_app(None).openapi())
    schema.config.update(base_url=server)
    operation = schema[path][method]
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if "{" in path or method in ("POST", "PUT"):
        cases |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=cases, data=st.data())
    def check(case: schemathesis.Case, data: st.DataObject) -> None:
        _make_meaningful(case, data, known)
        case.call_and_validate(checks=CHECKS, timeout=20)

    check()


def _make_meaningful(case: schemathesis.Case, data: st.DataObject, known: dict[str, tuple[str, ...]]) -> None:
    """Put names that exist, and texts that mean something, in the place of random ones most of the time."""
    for name, values in known.items():
        if name in case.path_parameters and data.draw(st.integers(0, 3)):
            case.path_parameters[name] = data.draw(st.sampled_from(values))
    if case.path in BODIES and not data.draw(st.integers(0, 2)):
        case.body = dict(data.draw(st.sampled_from(BODIES[case.path])))
    elif isinstance(case.body, dict):
        for key in ("config", "spec", "instructions"):
            if data.draw(st.booleans()):
                case.body.pop(key, None)
        for key in [k for k, v in case.body.items() if isinstance(v, str) or k in ("config", "instructions")]:
            if data.draw(st.integers(0, 3)):
                case.body[key] = data.draw(st.sampled_from(TEXTS))


def test_the_operations_that_are_tried_are_those_of_the_committed_document() -> None:
    import json

    committed = json.loads((Path(__file__).parents[2] / "contracts" / "openapi.json").read_text(encoding="utf-8"))
    assert len(OPERATIONS) == sum(len(item) for item in committed["paths"].values())
