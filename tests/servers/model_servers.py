"""A model server on the loopback interface that speaks OpenAI's chat completions and Anthropic's messages, streamed and not.

Each test scripts the replies; the last one is repeated. Every request is recorded with its headers and body.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

CHUNK = 40
"""Characters of an answer per streamed event."""


@dataclass(frozen=True)
class Says:
    """The model answers with this text (the arguments of a forced tool, where the request forces one)."""

    text: str
    finish: str | None = None
    """None for the ordinary end; `length`, `content_filter`."""
    refusal: str = ""
    cut: Literal["", "reset", "quiet"] = ""
    """Breaks off in the middle: the connection is reset, or the stream just ends."""
    stall_s: float = 0.0
    """Waits this long in the middle."""
    streams: bool = True
    """False: a streamed request is answered by one ordinary JSON document."""
    error_event: dict[str, object] | None = None
    """Sent in the middle of the stream, instead of the rest."""


@dataclass(frozen=True)
class Fails:
    """The server answers with a status and a body."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True)
class Hangs:
    """The server takes the request and says nothing."""

    seconds: float = 30.0


Reply = Says | Fails | Hangs


@dataclass(frozen=True)
class Request:
    """What the server was sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]
    text: str


@dataclass
class ModelServer:
    """The server's address, what it says, and what it was asked."""

    url: str
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    aborted: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away before its answer was complete."""

    def says(self, *replies: Reply) -> None:
        """Script the answers to come, and forget the requests."""
        self.replies, self.requests = list(replies), []
        self.aborted.clear()

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def model_server(tls: ssl.SSLContext | None = None) -> Iterator[ModelServer]:
    """A running server."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    if tls:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    http.state = ModelServer(f"{'https' if tls else 'http'}://127.0.0.1:{http.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield http.state  # type: ignore[attr-defined]
    finally:
        http.shutdown()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.server.state.aborted.set()  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        state: ModelServer = self.server.state  # type: ignore[attr-defined]
        expected = int(self.headers.get("content-length", 0))
        text = self.rfile.read(expected).decode()
        if len(text.encode()) < expected:
            state.aborted.set()
            self.close_connection = True
            return
        request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(text), text)
        state.requests.append(request)
        reply = state.next_reply()
        try:
            self._reply(request, reply)
        except OSError:
            state.aborted.set()
            self.close_connection = True

    def _reply(self, request: Request, reply: Reply) -> None:
        if isinstance(reply, Hangs):
            self._wait(reply.seconds)
            self.close_connection = True
        elif isinstance(reply, Fails):
            self._send(reply.status, reply.body.encode(), reply.content_type, reply.headers)
        elif request.body.get("stream") and reply.streams:
            self._stream(request, reply)
        else:
            self._send(200, json.dumps(_whole(request, reply)).encode(), "application/json", {})

    def _wait(self, seconds: float) -> None:
        """Waits, but no longer than the client does."""
        self.connection.settimeout(seconds)
        started = time.monotonic()
        try:
            if not self.connection.recv(1) and time.monotonic() - started < seconds:
                raise ConnectionResetError
        except TimeoutError:
            pass
        finally:
            self.connection.settimeout(None)

    def _send(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, request: Request, reply: Says) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        events = _openai_events(request, reply) if "chat/completions" in self.path else _anthropic_events(request, reply)
        middle = len(events) // 2
        for i, event in enumerate(events):
            if i == middle and not self._middle(reply):
                return
            self._chunk(event)
        self.wfile.write(b"0\r\n\r\n")

    def _middle(self, reply: Says) -> bool:
        """True if the stream goes on."""
        if reply.stall_s:
            self._wait(reply.stall_s)
        if reply.cut == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()
            return False
        if reply.error_event:
            name = "event: error\n" if "messages" in self.path else ""
            self._chunk(f"{name}data: {json.dumps(reply.error_event)}\n\n")
        if reply.cut == "quiet" or reply.error_event:
            self.wfile.write(b"0\r\n\r\n")
            return False
        return True

    def _chunk(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()


def _pieces(text: str) -> list[str]:
    return [text[i : i + CHUNK] for i in range(0, len(text), CHUNK)]


def _openai_events(request: Request, reply: Says) -> list[str]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": request.body["model"]}

    def event(delta: dict[str, object], finish: str | None = None) -> str:
        return f"data: {json.dumps({**head, 'choices': [{'index': 0, 'delta': delta, 'logprobs': None, 'finish_reason': finish}]})}\n\n"

    said = [event({"content": p}) for p in _pieces(reply.text)]
    if reply.refusal:
        said = [event({"refusal": p}) for p in _pieces(reply.refusal)]
    usage = {**head, "choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}}
    first = event({"role": "assistant", "content": "", "refusal": None})
    return [first, *said, event({}, reply.finish or "stop"), f"data: {json.dumps(usage)}\n\n", "data: [DONE]\n\n"]


def _anthropic_events(request: Request, reply: Says) -> list[str]:
    def event(kind: str, **fields: object) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": request.body["model"]}
    message = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 900, "output_tokens": 1}}
    tool = _forced_tool(request)
    if tool and not reply.refusal:
        block: dict[str, object] = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}
        deltas: list[dict[str, object]] = [{"type": "input_json_delta", "partial_json": p} for p in _pieces(reply.text)]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": p} for p in _pieces(reply.refusal or reply.text)]
    return [
        event("message_start", message=message),
        event("content_block_start", index=0, content_block=block),
        event("ping"),
        *(event("content_block_delta", index=0, delta=d) for d in deltas),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": _stop_reason(reply, tool), "stop_sequence": None}, usage={"output_tokens": 300}),
        event("message_stop"),
    ]


def _whole(request: Request, reply: Says) -> dict[str, object]:
    if "chat/completions" in request.path:
        message = {"role": "assistant", "content": None if reply.refusal else reply.text, "refusal": reply.refusal or None}
        choice = {"index": 0, "message": message, "finish_reason": reply.finish or "stop", "logprobs": None}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": request.body["model"], "choices": [choice],
                "usage": {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}}  # fmt: skip
    tool = _forced_tool(request)
    block = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": json.loads(reply.text)} if tool else {"type": "text", "text": reply.text}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": request.body["model"], "content": [block], "stop_sequence": None}
    return {**head, "stop_reason": _stop_reason(reply, tool), "usage": {"input_tokens": 900, "output_tokens": 300}}


def _forced_tool(request: Request) -> str:
    choice = request.body.get("tool_choice")
    tools = request.body.get("tools")
    if not isinstance(choice, dict) or choice.get("type") not in ("tool", "any") or not isinstance(tools, list):
        return ""
    return str(choice.get("name") or tools[0]["name"])


def _stop_reason(reply: Says, tool: str) -> str:
    if reply.refusal or reply.finish == "content_filter":
        return "refusal"
    return "max_tokens" if reply.finish == "length" else "tool_use" if tool else "end_turn"
