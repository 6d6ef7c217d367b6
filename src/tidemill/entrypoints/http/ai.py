"""`/api/ai`: briefs become pipelines."""

from __future__ import annotations

from fastapi import APIRouter

from tidemill.domain.artifact import ArtifactBundle
from tidemill.entrypoints.http.dependencies import Tidemill
from tidemill.entrypoints.http.shapes import GenerateBody, GeneratedShape, verification_shape
from tidemill.services.drafting import Generated

router = APIRouter(prefix="/api/ai", tags=["ai"])


@router.post("/generate-pipeline")
async def generate_pipeline(body: GenerateBody, tidemill: Tidemill) -> GeneratedShape:
    """Draft, render and try out a pipeline; nothing is kept and nothing of it runs outside the sandbox.

    `success` is false where nothing could be made or its own tests fail; `readings` says what each sentence was taken for.
    """
    return _shape(await tidemill.drafting.generate(body.instructions, name=body.pipeline_name, provider=body.provider))


def _shape(made: Generated) -> GeneratedShape:
    return GeneratedShape(
        success=made.success,
        config=_text(made.bundle, "config.yaml"),
        code=_text(made.bundle, "pipeline.py"),
        tests=_text(made.bundle, "tests.py"),
        strategy=_text(made.bundle, "EXECUTION_STRATEGY.md"),
        raw_response=made.draft.model_dump_json(),
        readings=list(made.draft.readings),
        findings=list(made.draft.findings),
        verification=verification_shape(made.verification),
        engine=made.draft.engine,
    )


def _text(bundle: ArtifactBundle | None, path: str) -> str:
    return next((a.text for a in bundle.artifacts if a.path == path), "") if bundle else ""
