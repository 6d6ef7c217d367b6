"""From a spec to its artifacts, never past an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tidemill.domain.artifact import ArtifactBundle
from tidemill.domain.finding import Finding, has_errors
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.pipeline_check import CheckContext, check_pipeline
from tidemill.errors import InvalidInput


@dataclass(frozen=True)
class Renderer:
    """Checks a spec for this project and renders it."""

    render: Callable[[PipelineSpec], ArtifactBundle]
    context: CheckContext

    async def check(self, spec: PipelineSpec) -> tuple[Finding, ...]:
        """What is wrong or worth knowing."""
        return await asyncio.to_thread(check_pipeline, spec, self.context)

    async def bundle(self, spec: PipelineSpec) -> tuple[ArtifactBundle, tuple[Finding, ...]]:
        """The artifacts, with what is worth knowing of the spec.

        Raises:
            InvalidInput: The spec has errors.
        """
        findings = await self.check(spec)
        if has_errors(findings):
            said = "\n".join(f"  {f.field}: {f.message} {f.fix}".rstrip() for f in findings if f.severity == "error")
            raise InvalidInput(f"Pipeline `{spec.name}` has errors:\n{said}", findings=findings)
        return await asyncio.to_thread(self.render, spec), findings
