"""A JSON web API on the loopback interface with the four kinds of paging, failures by script, and a record of what it was asked."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_ROWS = 2


@dataclass(frozen=True)
class Answer:
    """One answer, given instead of the API's own."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: bool = False
    """The connection ends in the middle of the body."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    target: str
    """Path and query."""
    headers: dict[str, str]
    """By name in small letters."""


@dataclass
class HttpApi:
    """`/all` answers with every record; `/pages`, `/offsets`, `/cursors` and `/links` with a page of two."""

    url: str
    records: list[dict[str, object]] = field(default_factory=list)
    next_answers: list[Answer] = field(default_factory=list)
    """Given to the next requests, whatever they ask for."""
    asked: list[Asked] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        return [a.target for a in self.asked]


@contextmanager
def http_api() -> Iterator[HttpApi]:
    """The running server."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    running.daemon_threads = True
    running.api = HttpApi(f"http://127.0.0.1:{running.server_port}")  # type: ignore[attr-defined]
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield running.api  # type: ignore[attr-defined]
    finally:
        running.shutdown()
        running.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        api: HttpApi = self.server.api  # type: ignore[attr-defined]
        api.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        self._send(api.next_answers.pop(0) if api.next_answers else _own_answer(api, self.path))

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay_s)
        raw = answer.body.encode()
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if answer.cut else raw)
        except OSError:  # the client did not wait
            self.close_connection = True
        self.close_connection |= answer.cut


def _own_answer(api: HttpApi, target: str) -> Answer:
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    if url.path == "/all":
        return Answer(body=json.dumps(api.records))
    if url.path == "/offsets":
        first = int(query["offset"])
    elif url.path == "/cursors":
        first = int(query.get("after", "c0")[1:])
    else:
        first = (int(query.get("page", "1")) - 1) * PAGE_ROWS
    last = first + PAGE_ROWS
    more = last < len(api.records)
    body = {"data": {"items": api.records[first:last]}, "meta": {"next": f"c{last}" if more else None}}
    link = {"Link": f'<{url.path}?page={last // PAGE_ROWS + 1}>; rel="next"'} if more and url.path == "/links" else {}
    return Answer(body=json.dumps(body), headers=link)
