"""`/api/runs`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tidemill.domain.log import LogEntry
from tidemill.domain.run import Run, RunState
from tidemill.entrypoints.http.dependencies import CURSOR_PATTERN, ID_PATTERN, IdempotencyKey, Paged, RunIdPath, Tidemill, cursor_text, read_cursor
from tidemill.entrypoints.http.problems import declared
from tidemill.entrypoints.http.shapes import LogPage, RunPage, RunShape, StepRunShape, entry_shape, run_shape
from tidemill.errors import Conflict, NotFound
from tidemill.ports.unit_of_work import RunQuery

router = APIRouter(prefix="/api/runs", tags=["runs"])
MAX_ENTRIES = 10_000
After = Annotated[str, Query(pattern=CURSOR_PATTERN, description="Entries after this place: `next` of the page before, or an entry's number.")]


async def existing_run(run_id: RunIdPath, tidemill: Tidemill) -> Run:
    """The run, so that a stream of one that is not there is refused before it begins."""
    return await tidemill.runs.get(run_id)


Existing = Annotated[Run, Depends(existing_run)]


@router.get("")
async def list_runs(
    tidemill: Tidemill,
    page: Paged,
    pipeline_id: Annotated[str | None, Query(alias="pipelineId", pattern=ID_PATTERN, description="Runs of this pipeline only.")] = None,
    state: Annotated[list[RunState] | None, Query(description="Runs in one of these states only.")] = None,
) -> RunPage:
    """Runs, newest first."""
    runs, total = await tidemill.runs.find(RunQuery(pipeline_id=pipeline_id, states=tuple(state) if state else None), page)
    return RunPage(items=[run_shape(r) for r in runs], total=total, limit=page.limit, offset=page.offset)


@router.get("/{run_id}", responses=declared(NotFound))
async def get_run(run: Existing) -> RunShape:
    """One run."""
    return run_shape(run)


@router.post("/{run_id}/cancel", status_code=202, responses=declared(NotFound, Conflict))
async def cancel_run(run_id: RunIdPath, tidemill: Tidemill) -> RunShape:
    """Ask a run to stop, with everything it started."""
    return run_shape(await tidemill.cancel(run_id))


@router.post("/{run_id}/rerun", status_code=202, responses=declared(NotFound, Conflict))
async def rerun(run_id: RunIdPath, tidemill: Tidemill, response: Response, idempotency_key: IdempotencyKey = None) -> RunShape:
    """Run the very files that this run executed once more."""
    tidemill.require_engine()
    run = await tidemill.runs.rerun(run_id, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/api/runs/{run.id}"
    return run_shape(run)


@router.get("/{run_id}/steps", responses=declared(NotFound))
async def list_steps(run: Existing) -> list[StepRunShape]:
    """The run's steps with rows, times and memory."""
    return run_shape(run).steps


@router.get("/{run_id}/logs", responses=declared(NotFound))
async def list_log_entries(
    run: Existing,
    tidemill: Tidemill,
    after: After = "0",
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES, description="Most entries to give.")] = 1000,
) -> LogPage:
    """The run's log, as far as it goes at present."""
    begin = read_cursor(after)
    entries = await tidemill.runs.entries(run.id, after=begin, limit=limit)
    end = entries[-1].cursor if entries else begin
    return LogPage(entries=[entry_shape(e) for e in entries], next=cursor_text(end), complete=run.state.is_final and len(entries) < limit)


@router.get(
    "/{run_id}/logs/stream",
    response_class=EventSourceResponse,
    responses=declared(NotFound),
)
async def stream_log(
    run: Existing,
    tidemill: Tidemill,
    after: After = "0",
    last_event_id: Annotated[str | None, Header(pattern=CURSOR_PATTERN, description="Sent by a browser that comes back.")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The run's log as it grows: `run` with the run as it is, `log` for each entry, `end` with the run once it is over."""
    yield ServerSentEvent(event="run", raw_data=run_shape(run).model_dump_json())
    async for item in tidemill.runs.stream(run.id, after=read_cursor(last_event_id or after)):
        if isinstance(item, LogEntry):
            yield ServerSentEvent(event="log", id=cursor_text(item.cursor), raw_data=entry_shape(item).model_dump_json())
        else:
            yield ServerSentEvent(event="end", raw_data=run_shape(item).model_dump_json())
