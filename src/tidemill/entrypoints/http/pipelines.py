"""`/api/pipelines` and `/api/events`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from tidemill.bootstrap import App
from tidemill.domain.draft import Reading
from tidemill.domain.finding import error
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.run import ObservationKind, RunTrigger
from tidemill.domain.saved_pipeline import PipelineOrigin
from tidemill.domain.spec_yaml import load_document, load_spec
from tidemill.entrypoints.http.dependencies import IdempotencyKey, Paged, PipelineId, Tidemill
from tidemill.entrypoints.http.problems import declared
from tidemill.entrypoints.http.shapes import (
    ArtifactShape,
    ChangedPipelineBody,
    NewPipelineBody,
    PipelinePage,
    PipelineShape,
    RevisionShape,
    RunShape,
    SavedShape,
    ScheduleBody,
    ScheduleShape,
    StartedRuns,
    pipeline_shape,
    revision_shape,
    run_shape,
    saved_shape,
    schedule_shape,
    summary_shape,
)
from tidemill.errors import Conflict, InvalidInput, NotFound, Unsupported
from tidemill.services.pipelines import NewPipeline, Outcome
from tidemill.services.runs import Request

router = APIRouter(prefix="/api", tags=["pipelines"])
Search = Annotated[str, Query(max_length=200, description="Text in the name, description or id.")]
ArtifactPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="A file name, such as pipeline.py.")]
EventName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$", description="The event's name.")]


@router.post("/pipelines", status_code=201, responses=declared(Conflict, Unsupported))
async def create_pipeline(body: NewPipelineBody, tidemill: Tidemill, response: Response) -> SavedShape:
    """Check, render, try out and keep a pipeline; one with a schedule is scheduled from now on."""
    spec, readings = await _spec_of(body, tidemill)
    origin = PipelineOrigin.CONFIG if body.instructions is None else PipelineOrigin.BRIEF
    new = NewPipeline(spec, origin=origin, owner_email=body.owner_email, keeps_artifacts=body.artifacts)
    outcome = await tidemill.pipelines.create(new, force=body.force)
    response.headers["Location"] = f"/api/pipelines/{outcome.pipeline.id}"
    return await _saved(tidemill, outcome, readings)


@router.get("/pipelines")
async def list_pipelines(tidemill: Tidemill, page: Paged, search: Search = "") -> PipelinePage:
    """Pipelines, last changed first."""
    overviews, total = await tidemill.pipelines.overviews(search, page)
    now = tidemill.clock()
    return PipelinePage(items=[summary_shape(o, now) for o in overviews], total=total, limit=page.limit, offset=page.offset)


@router.get("/pipelines/{pipeline_id}", responses=declared(NotFound, Conflict))
async def get_pipeline(pipeline_id: PipelineId, tidemill: Tidemill) -> PipelineShape:
    """One pipeline."""
    return await _shown(tidemill, pipeline_id)


@router.put("/pipelines/{pipeline_id}", responses=declared(NotFound, Conflict, Unsupported))
async def update_pipeline(pipeline_id: PipelineId, body: ChangedPipelineBody, tidemill: Tidemill) -> SavedShape:
    """Save the next revision; artifacts are rendered and tried out again."""
    spec = load_spec(body.config) if body.config is not None else load_document(body.spec)
    outcome = await tidemill.pipelines.update(pipeline_id, spec, expected_version=body.version, force=body.force)
    return await _saved(tidemill, outcome)


@router.delete("/pipelines/{pipeline_id}", status_code=204, responses=declared(NotFound, Conflict))
async def delete_pipeline(pipeline_id: PipelineId, tidemill: Tidemill) -> None:
    """Forget a pipeline with its folder and schedule; the records of its runs stay."""
    await tidemill.pipelines.delete(pipeline_id)


@router.get("/pipelines/{pipeline_id}/revisions", responses=declared(NotFound))
async def list_revisions(pipeline_id: PipelineId, tidemill: Tidemill) -> list[RevisionShape]:
    """Every revision of the spec, newest first."""
    return [revision_shape(p) for p in await tidemill.pipelines.revisions(pipeline_id)]


@router.get("/pipelines/{pipeline_id}/artifacts", responses=declared(NotFound, Conflict))
async def list_artifacts(pipeline_id: PipelineId, tidemill: Tidemill) -> list[ArtifactShape]:
    """The pipeline's files."""
    return (await _shown(tidemill, pipeline_id)).artifacts


@router.get(
    "/pipelines/{pipeline_id}/artifacts/{path}",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **declared(NotFound, Conflict)},
)
async def get_artifact(pipeline_id: PipelineId, path: ArtifactPath, tidemill: Tidemill) -> PlainTextResponse:
    """The text of one file."""
    artifact = await tidemill.pipelines.artifact(pipeline_id, path)
    return PlainTextResponse(artifact.text.encode("utf-8", "surrogatepass"))


@router.post("/pipelines/{pipeline_id}/runs", status_code=202, responses=declared(NotFound, Conflict))
async def start_run(pipeline_id: PipelineId, tidemill: Tidemill, response: Response, idempotency_key: IdempotencyKey = None) -> RunShape:
    """Run the pipeline as soon as there is room for it; runs of one pipeline wait for each other."""
    tidemill.require_engine()
    run = await tidemill.runs.request(pipeline_id, Request(idempotency_key=idempotency_key))
    response.headers["Location"] = f"/api/runs/{run.id}"
    return run_shape(run)


@router.get("/pipelines/{pipeline_id}/schedule", responses=declared(NotFound))
async def get_schedule(pipeline_id: PipelineId, tidemill: Tidemill) -> ScheduleShape:
    """When the pipeline runs."""
    shown = schedule_shape(await tidemill.pipelines.schedule(pipeline_id), tidemill.clock())
    if shown is None:
        raise NotFound(f"Pipeline `{pipeline_id}` has no schedule.", pipeline_id=pipeline_id)
    return shown


@router.put("/pipelines/{pipeline_id}/schedule", responses=declared(NotFound, Conflict))
async def set_schedule(pipeline_id: PipelineId, body: ScheduleBody, tidemill: Tidemill) -> ScheduleShape:
    """Run at these times from now on."""
    await tidemill.pipelines.set_schedule(pipeline_id, body.cron, timezone=body.timezone, missed_runs=body.missed_runs)
    return await get_schedule(pipeline_id, tidemill)


@router.delete("/pipelines/{pipeline_id}/schedule", status_code=204, responses=declared(NotFound, Conflict))
async def remove_schedule(pipeline_id: PipelineId, tidemill: Tidemill) -> None:
    """Run at no times any more."""
    await tidemill.pipelines.remove_schedule(pipeline_id)


@router.post("/events/{name}", status_code=202, tags=["events"], responses=declared(Conflict))
async def raise_event(name: EventName, tidemill: Tidemill, idempotency_key: IdempotencyKey = None) -> StartedRuns:
    """Run every pipeline whose trigger is this event."""
    tidemill.require_engine()
    asked = Request(trigger=RunTrigger.EVENT, event=name, idempotency_key=idempotency_key)
    runs = []
    for pipeline in await tidemill.pipelines.of_event(name):
        try:
            runs.append(await tidemill.runs.request(pipeline.id, asked))
        except (Conflict, InvalidInput) as failure:
            detail = failure.message
            runs.append(await tidemill.runs.record_unstarted(pipeline.id, asked, kind=ObservationKind.REFUSED, detail=detail))
    return StartedRuns(event=name, runs=[run_shape(r) for r in runs])


async def _spec_of(body: NewPipelineBody, tidemill: App) -> tuple[PipelineSpec, tuple[Reading, ...]]:
    if body.instructions is not None:
        draft = await tidemill.drafting.draft(body.instructions, name=body.name)
        not_understood = [r for r in draft.readings if not r.understood]
        if draft.spec is None or (not_understood and not body.force):
            findings = tuple(error("not-understood", "instructions", f"Not understood: {r.sentence!r}.", r.hint) for r in not_understood)
            raise InvalidInput("The brief is not fully understood; nothing was created.", findings=(*draft.findings, *findings))
        return draft.spec, draft.readings
    spec = load_spec(body.config) if body.config is not None else load_document(body.spec)
    return (spec if body.name is None else spec.model_copy(update={"name": body.name.strip()})), ()


async def _saved(tidemill: App, outcome: Outcome, readings: tuple[Reading, ...] = ()) -> SavedShape:
    return saved_shape(outcome, await _shown(tidemill, outcome.pipeline.id), readings)


async def _shown(tidemill: App, pipeline_id: str) -> PipelineShape:
    overview = await tidemill.pipelines.overview(pipeline_id)
    return pipeline_shape(overview, await tidemill.pipelines.stored(pipeline_id), tidemill.clock())
