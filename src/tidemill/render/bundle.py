"""The artifact folder of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import dump_spec
from tidemill.render.guides_md import render_readme, render_strategy
from tidemill.render.pipeline_py import render_pipeline
from tidemill.render.tests_py import render_tests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tidemill.domain.pipeline import PipelineSpec

GITIGNORE = "logs/\n__pycache__/\n.pytest_cache/\n"


def render_bundle(spec: PipelineSpec, *, format_python: Callable[[str], str]) -> ArtifactBundle:
    """All files of a spec's folder; the same spec gives the same bytes.

    Args:
        spec: A spec without error findings.
        format_python: Formats Python source.
    """
    flow = schema_flow(spec)
    tests, untested = render_tests(spec, flow)
    texts = {
        "config.yaml": dump_spec(spec),
        "pipeline.py": format_python(render_pipeline(spec, flow)),
        "tests.py": format_python(tests),
        "README.md": render_readme(spec, flow, untested),
        "EXECUTION_STRATEGY.md": render_strategy(spec, flow),
        ".gitignore": GITIGNORE,
    }
    return ArtifactBundle(artifacts=tuple(Artifact(path=path, text=text) for path, text in texts.items()), untested=untested)
