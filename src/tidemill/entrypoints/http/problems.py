"""One table from error class to status, and the one shape in which errors are told (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from tidemill.domain.finding import Finding, error
from tidemill.errors import (
    BudgetExceeded,
    Conflict,
    Disabled,
    Forbidden,
    InvalidInput,
    NotFound,
    TidemillError,
    Unauthenticated,
    Unsupported,
    UpstreamError,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnavailable,
    unusable_storage,
)

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

LOG = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[TidemillError], int] = {
    InvalidInput: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Disabled: 404,
    Conflict: 409,
    Unsupported: 501,
    BudgetExceeded: 429,
    UpstreamTimeout: 504,
    UpstreamUnavailable: 503,
    UpstreamThrottled: 503,
    UpstreamError: 502,
}
"""The first class of an error's own order that stands here decides."""
EVERYWHERE: tuple[int, ...] = (400, 403, 413, 422, 500, 503)
"""What any route can answer: a foreign Host or Origin, a body too large or invalid, a fault of ours, the database away."""
SHOWN_INPUT = 100


class Problem(BaseModel):
    """What went wrong, and how to go on."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="Stable name of the kind of error, such as `stale_version`.")]
    findings: Annotated[list[Finding], Field(description="One for each thing that is wrong with the input.")] = []
    retry_after_s: float | None = None


def declared(*errors: type[TidemillError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can give these errors, beside those every route can give."""
    return {status: _declaration(status) for status in sorted({status_of(e) for e in errors})}


def declared_everywhere() -> dict[int | str, dict[str, Any]]:
    """The `responses` that every route has."""
    return {status: _declaration(status) for status in EVERYWHERE}


def status_of(kind: type[TidemillError]) -> int:
    """The HTTP status of an error class."""
    return next((STATUS[c] for c in kind.__mro__ if c in STATUS), 500)


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(TidemillError, _tidemill_error)
    app.add_exception_handler(OSError, _unusable_storage)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _unforeseen)


def problem_response(status: int, detail: str, *, code: str, findings: tuple[Finding, ...] = (), retry_after_s: float | None = None) -> JSONResponse:
    """An answer with a problem."""
    problem = Problem(
        type=f"urn:tidemill:problem:{code}", title=HTTPStatus(status).phrase, status=status, detail=detail, code=code,
        findings=list(findings), retry_after_s=retry_after_s,
    )  # fmt: skip
    headers = {"Retry-After": str(max(1, round(retry_after_s)))} if retry_after_s is not None else None
    return JSONResponse(problem.model_dump(mode="json", exclude_none=True), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _declaration(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


async def _tidemill_error(request: Request, failure: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's signature
    if not isinstance(failure, TidemillError):
        raise failure
    findings = tuple(f for f in failure.findings if isinstance(f, Finding)) if isinstance(failure, InvalidInput) else ()
    retry_after_s = failure.retry_after_s if isinstance(failure, (BudgetExceeded, UpstreamThrottled)) else None
    status = status_of(type(failure))
    if status >= 500:
        LOG.warning("request failed", code=failure.code, error=failure.message)
    return problem_response(status, failure.message, code=failure.code, findings=findings, retry_after_s=retry_after_s)


async def _unusable_storage(request: Request, failure: Exception) -> JSONResponse:
    if not isinstance(failure, OSError):
        raise failure
    LOG.error("a file or connection failed", method=request.method, path=request.url.path, exc_info=failure)
    return await _tidemill_error(request, unusable_storage(failure))


async def _validation_error(request: Request, failure: Exception) -> JSONResponse:  # noqa: ARG001 - FastAPI's signature
    if not isinstance(failure, RequestValidationError):
        raise failure
    findings = tuple(_finding(e) for e in failure.errors())
    detail = "\n".join(f"`{f.field}`: {f.message}" if f.field else f"{f.message} {f.fix}".rstrip() for f in findings)
    return problem_response(422, detail, code=InvalidInput.code, findings=findings)


async def _http_exception(request: Request, failure: Exception) -> JSONResponse:
    if not isinstance(failure, HTTPException):
        raise failure
    code = HTTPStatus(failure.status_code).name.lower()
    said = {404: f"There is nothing at {request.url.path!r}.", 405: f"{request.method} is not possible at {request.url.path!r}."}
    response = problem_response(failure.status_code, said.get(failure.status_code, str(failure.detail)), code=code)
    response.headers.update(failure.headers or {})
    return response


async def _unforeseen(request: Request, failure: Exception) -> JSONResponse:
    LOG.error("unforeseen error", method=request.method, path=request.url.path, exc_info=failure)
    return problem_response(500, "Tidemill made a mistake; its own log says more.", code="internal_error")


def _finding(e: Mapping[str, Any]) -> Finding:
    place, *path = e["loc"] or ("",)
    if e["type"] == "json_invalid":
        said = e.get("ctx", {}).get("error", e["msg"])
        return error("invalid-request", "", f"The body is not JSON: {said} (at character {path[0] if path else 0}).")
    if place == "body" and not path and e["type"] in ("model_attributes_type", "missing"):
        return error("invalid-request", "", "The body must be a JSON object.", "Send one with the header `Content-Type: application/json`.")
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in (path if place in ("body", "query", "path", "header") else e["loc"]))
    message = str(e["msg"]).removeprefix("Value error, ")
    shown = repr(e.get("input"))
    value = f" (given: {shown})" if isinstance(e.get("input"), (str, int, float, bool)) and len(shown) <= SHOWN_INPUT else ""
    return error("invalid-request", field.lstrip("."), f"{message}{value}.")
