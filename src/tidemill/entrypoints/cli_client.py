"""How the command line reaches the services: the project's running server, or the same application inside this process."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tidemill.domain.finding import Finding
from tidemill.entrypoints.server_file import running_server
from tidemill.errors import Conflict, InvalidInput, NotFound, TidemillError, UpstreamUnavailable
from tidemill.settings import Settings, from_machine
from tidemill.telemetry import set_up_logging

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from tidemill.bootstrap import App

TIMEOUT_S = 120.0
"""Creating a pipeline runs its tests, which may take a minute on a busy machine."""
NOT_FOUND, CONFLICT = 404, 409
IN_PROCESS_URL = "http://127.0.0.1"


class Client:
    """Requests to the REST API; a problem in the answer is raised as an error."""

    def __init__(self, send: Any, url: str | None) -> None:
        self._send = send
        self.url = url
        """The server's address; None if the services run inside this process and end with it."""

    def get(self, path: str, **params: Any) -> Any:
        return self._call("GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(self, path: str, body: object = None) -> Any:
        return self._call("POST", path, json=body)

    def put(self, path: str, body: object) -> Any:
        return self._call("PUT", path, json=body)

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response: httpx.Response = self._send(method, path, **{k: v for k, v in arguments.items() if v is not None})
        except httpx.HTTPError as failed:
            raise UpstreamUnavailable(
                f"The server at {self.url} does not answer: {failed}. Start it again with `tidemill up`.", service="tidemill"
            ) from failed
        if response.status_code >= 400:
            raise _problem(response)
        return response.json() if response.content else None


@contextmanager
def connect(*, engine: bool, settings: Settings | None = None) -> Iterator[Client]:
    """A client of this project's server, or of the services inside this process if none is running.

    Args:
        engine: Whether runs will be started: inside this process that takes a second longer.
        settings: Everything chosen; left out, that of this machine.

    Raises:
        Conflict: No server answers but another process carries this project's runs.
    """
    settings = settings or from_machine()
    if url := running_server(settings):
        with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as http:
            yield Client(http.request, url)
        return
    # On standard error: what this process has to say of itself must not stand in between the answers.
    set_up_logging(level="warning", log_format=settings.log.format)
    with _inside(settings, engine=engine) as client:
        yield client


@contextmanager
def _inside(settings: Settings, *, engine: bool) -> Iterator[Client]:
    # The web framework and the database take a second to import: only who needs them here pays for it.
    from tidemill.bootstrap import start
    from tidemill.entrypoints.http.app import create_app

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tidemill-services", daemon=True)
    thread.start()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    app: App = wait(start(settings, engine=engine))
    try:
        transport = httpx.ASGITransport(create_app(app))
        inside = httpx.AsyncClient(transport=transport, base_url=IN_PROCESS_URL, timeout=TIMEOUT_S)
        yield Client(lambda method, path, **arguments: wait(inside.request(method, path, **arguments)), None)
    finally:
        wait(app.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _problem(response: httpx.Response) -> TidemillError:
    try:
        problem = response.json()
        findings = tuple(Finding.model_validate(f) for f in problem.get("findings", ()))
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return UpstreamUnavailable(f"The server answered {response.status_code} without an explanation.", service="tidemill")
    if findings:
        return InvalidInput(detail, findings=findings)
    if response.status_code == NOT_FOUND:
        return NotFound(f"{detail} `tidemill pipelines` and `tidemill runs` list what there is.")
    return Conflict(detail) if response.status_code == CONFLICT else TidemillError(detail)
