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
    look: Callable[[PipelineSpec], tuple[Finding, ...]] = lambda _: ()
    """Compares a spec with the files that are there at present."""

    async def check(self, spec: PipelineSpec) -> tuple[Finding, ...]:
        """What is wrong or worth knowing, also of the files that are there at present."""
        findings = await asyncio.to_thread(check_pipeline, spec, self.context)
        return tuple(dict.fromkeys((*findings, *(await asyncio.to_thread(self.look, spec)))))

    async def checked_bundle(self, spec: PipelineSpec) -> tuple[ArtifactBundle, tuple[Finding, ...]]:
        """The artifacts of a pipeline that is about to be kept, with what is worth knowing of it.

        Raises:
            InvalidInput: The spec has errors, or does not fit the files that are there.
        """
        return await self._bundle(spec, await self.check(spec))

    async def bundle(self, spec: PipelineSpec) -> tuple[ArtifactBundle, tuple[Finding, ...]]:
        """The artifacts, with what is worth knowing of the spec; files are not looked at, since they may be others when it runs.

        Raises:
            InvalidInput: The spec has errors.
        """
        return await self._bundle(spec, await asyncio.to_thread(check_pipeline, spec, self.context))

    async def _bundle(self, spec: PipelineSpec, findings: tuple[Finding, ...]) -> tuple[ArtifactBundle, tuple[Finding, ...]]:
        if has_errors(findings):
            said = "\n".join(f"  {f.field}: {f.message} {f.fix}".rstrip() for f in findings if f.severity == "error")
            raise InvalidInput(f"Pipeline `{spec.name}` has errors:\n{said}", findings=findings)
        return await asyncio.to_thread(self.render, spec), findings
