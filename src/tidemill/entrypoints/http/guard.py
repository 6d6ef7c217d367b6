"""Lets in only requests that this machine's own user meant: there are no accounts yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from tidemill.entrypoints.http.problems import problem_response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class LoopbackGuard:
    """Refuses a foreign Host (a web page whose name was pointed at 127.0.0.1), a foreign Origin (a form on any web page), and a
    body that is too large."""

    app: Callable[[Scope, Receive, Send], Awaitable[None]]
    max_body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(f"//{host}") not in LOOPBACK:
            refusal = problem_response(400, f"The host {host!r} is not this machine; use http://127.0.0.1 or http://localhost.", code="bad_host")
            await refusal(scope, receive, send)
        elif origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            refusal = problem_response(403, f"A page of {origin!r} may not use this server.", code="foreign_origin")
            await refusal(scope, receive, send)
        elif headers.get("content-length", "0").isdigit() and int(headers.get("content-length", "0")) > self.max_body_bytes:
            said = f"The body is larger than {self.max_body_bytes} bytes."
            refusal = problem_response(413, said, code=HTTPStatus(413).name.lower())
            await refusal(scope, receive, send)
        else:
            await self.app(scope, self._measured(receive), send)

    def _measured(self, receive: Receive) -> Receive:
        """A body that does not say its size is cut off where it gets too large."""
        size_bytes = 0

        async def measured() -> MutableMapping[str, Any]:
            nonlocal size_bytes
            message = await receive()
            size_bytes += len(message.get("body", b""))
            if size_bytes > self.max_body_bytes:
                raise HTTPException(413, f"The body is larger than {self.max_body_bytes} bytes.")
            return message

        return measured


def _name(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return None if parts.username is not None or parts.path else parts.hostname
    except ValueError:
        return None
