"""`/`: what there is, as a page that needs no script and no network."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tidemill.domain.run import Run
from tidemill.entrypoints.http.dependencies import Tidemill
from tidemill.ports.unit_of_work import Page, RunQuery
from tidemill.services.pipelines import Overview

router = APIRouter()
SHOWN = 20
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff"}
STYLE = "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.2rem 1.5rem .2rem 0}"


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def home(tidemill: Tidemill) -> HTMLResponse:
    """The latest pipelines and runs."""
    overviews, _ = await tidemill.pipelines.overviews("", Page(limit=SHOWN))
    runs, _ = await tidemill.runs.find(RunQuery(), Page(limit=SHOWN))
    pipeline_rows = [_pipeline_row(o) for o in overviews] or ["<tr><td colspan=3>None yet: <code>tidemill create BRIEF</code></td></tr>"]
    run_rows = [_run_row(r) for r in runs] or ["<tr><td colspan=4>None yet: <code>tidemill run PIPELINE</code></td></tr>"]
    body = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Tidemill</title><style>{STYLE}</style><h1>Tidemill</h1>"
        f"<h2>Pipelines</h2><table><tr><th>Pipeline<th>Description<th>Last run</tr>{''.join(pipeline_rows)}</table>"
        f"<h2>Runs</h2><table><tr><th>Run<th>Pipeline<th>State<th>Asked for</tr>{''.join(run_rows)}</table>"
        "<p><a href=/api/openapi.json>OpenAPI document</a> · <a href=/api/schema>Schema of config.yaml</a></p></html>"
    )
    return HTMLResponse(body, headers=HEADERS)


def _pipeline_row(overview: Overview) -> str:
    pipeline, run = overview.pipeline, overview.last_run
    link = f"<a href=/api/pipelines/{escape(pipeline.id)}>{escape(pipeline.name)}</a>"
    return f"<tr><td>{link}<td>{escape(pipeline.spec.description)}<td>{run.state.value if run else '–'}</tr>"


def _run_row(run: Run) -> str:
    link = f"<a href=/api/runs/{escape(run.id)}>{escape(run.id)}</a>"
    return f"<tr><td>{link}<td>{escape(run.pipeline_id)}<td>{run.state.value}<td>{run.requested_at:%Y-%m-%d %H:%M:%S} UTC</tr>"
