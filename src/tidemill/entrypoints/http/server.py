"""`tidemill up`: the HTTP server with everything behind it."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from tidemill.bootstrap import App, Parts, start
from tidemill.entrypoints.http.app import create_app
from tidemill.entrypoints.server_file import write_server_file
from tidemill.errors import Conflict
from tidemill.settings import Settings

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
BACKLOG = 128
LAST_WORDS_S = 5
"""How long requests under way may take at the end."""


class _Server(uvicorn.Server):
    """Ends the log streams first: they would keep the server waiting as long as their run.

    Its signals are ours: uvicorn would send them to the process again in the end, before everything is let go of.
    """

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.runs.changes.close()
        await super().shutdown(sockets)


async def serve(settings: Settings, *, ready: Callable[[str], None] | None = None, parts: Parts | None = None) -> None:
    """Serve until the process is asked to end (SIGINT, SIGTERM); pipelines that run go on.

    Args:
        settings: Everything chosen; port 0 takes any free port.
        ready: Called with the server's URL once it answers.
        parts: As for `bootstrap.start`.

    Raises:
        Conflict: The port is taken, or another process carries runs for this project.
        UpstreamUnavailable: The database cannot be reached.
    """
    with _listening(settings) as listener:
        app = await start(settings, parts=parts)
        try:
            url = _url(listener)
            config = uvicorn.Config(create_app(app), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=LAST_WORDS_S)
            server_file = write_server_file(settings, url)
            if ready is not None:
                ready(url)
            server = _Server(config, app)
            try:
                with _ended_by_signals(server):
                    await server.serve(sockets=[listener])
            finally:
                server_file.unlink(missing_ok=True)
        finally:
            await app.stop()


@contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """The first signal ends the server in order, a second one at once; without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in ENDING_SIGNALS:
        loop.add_signal_handler(number, server.handle_exit, number, None)
    try:
        yield
    finally:
        for number in ENDING_SIGNALS:
            loop.remove_signal_handler(number)


def _listening(settings: Settings) -> socket.socket:
    host, port = settings.http.host, settings.http.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Conflict(f"Port {port} of {host} cannot be used: {error.strerror}. Choose another with --port.", port=port) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
