"""The HTTP application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tidemill import __version__
from tidemill.bootstrap import App
from tidemill.domain.spec_yaml import json_schema
from tidemill.entrypoints.http import ai, home, pipelines, problems, runs
from tidemill.entrypoints.http.dependencies import Tidemill
from tidemill.entrypoints.http.guard import LoopbackGuard
from tidemill.entrypoints.http.shapes import HealthShape

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Twice the largest brief or config.yaml, for what JSON adds to it."""


class TidemillApi(FastAPI):
    """FastAPI whose OpenAPI document has the problem shape that all routes refer to."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            document = get_openapi(title=self.title, version=self.version, description=self.description, routes=self.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas["Problem"].pop("$defs", None)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            self.openapi_schema = document
        return self.openapi_schema


def create_app(app: App | None) -> FastAPI:
    """The application over services that are started already; with None, only its OpenAPI document is of use."""
    api = TidemillApi(
        title="Tidemill",
        version=__version__,
        description="Plain words become a checked, tested, running data pipeline.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems.declared_everywhere(),
    )
    api.state.tidemill = app
    problems.install(api)
    for router in (ai.router, pipelines.router, runs.router, home.router):
        api.include_router(router)
    api.add_api_route("/api/schema", get_schema, methods=["GET"], tags=["meta"])
    api.add_api_route("/api/health", get_health, methods=["GET"], tags=["meta"])
    api.add_middleware(LoopbackGuard, max_body_bytes=MAX_BODY_BYTES)
    return api


async def get_schema() -> dict[str, Any]:
    """The JSON Schema of config.yaml."""
    return dict(json_schema())


async def get_health(tidemill: Tidemill) -> HealthShape:
    """Whether the server can do its work; 503 if its database is away."""
    await tidemill.check_database()
    return HealthShape(status="ok", version=__version__, engine=tidemill.carries_runs)
