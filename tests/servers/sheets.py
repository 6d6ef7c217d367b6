"""A local server that speaks the part of Google's OAuth token and Sheets v4 REST API that gspread uses.

Clients reach it unchanged: they are given an HTTPS proxy that leads `*.googleapis.com` here, over TLS with a test authority.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Cells = list[list[Any]]
HOSTS = ("sheets.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com")


@dataclass
class Spreadsheets:
    """What the server holds, and what it was asked."""

    sheets: dict[str, dict[str, Cells]] = field(default_factory=dict)
    """Cells by spreadsheet id and sheet title; a cell is a number, a text, a boolean or an empty text."""
    requests: list[str] = field(default_factory=list)
    fail_next: list[int] = field(default_factory=list)
    """Status codes to answer the next API requests with."""
    environment: dict[str, str] = field(default_factory=dict)
    """What a client process needs to reach the server."""

    def titles(self, spreadsheet: str) -> list[str]:
        return list(self.sheets[spreadsheet])


def write_credentials(path: Path) -> None:
    """A service account file with a fresh key; its token endpoint is Google's name, which leads to the local server."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    path.write_text(json.dumps({
        "type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": pem,
        "client_email": "pipeline@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": "https://oauth2.googleapis.com/token",
    }))  # fmt: skip


@contextmanager
def google_sheets(folder: Path) -> Iterator[Spreadsheets]:
    """The running server; `environment` points requests-based clients at it."""
    store = Spreadsheets()
    authority = trustme.CA()
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    api = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    api.socket = context.wrap_socket(api.socket, server_side=True)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _proxy(api.server_address[1]))
    for server in (api, proxy):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{proxy.server_address[1]}"
    store.environment = {"HTTPS_PROXY": url, "https_proxy": url, "REQUESTS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": str(bundle), "NO_PROXY": ""}
    try:
        yield store
    finally:
        for server in (proxy, api):
            server.shutdown()
            server.server_close()


def _proxy(target_port: int) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if self.path.split(":")[0] not in HOSTS:
                self.send_error(502)
                return
            with socket.create_connection(("127.0.0.1", target_port)) as upstream:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
                back.start()
                _pump(self.connection, upstream)
                back.join(timeout=5)

        def log_message(self, *_: object) -> None:
            return

    return Proxy


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65536):
            sink.sendall(block)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _handler(store: Spreadsheets) -> type[BaseHTTPRequestHandler]:
    class Sheets(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        do_PUT = do_POST

        def _answer(self, body: bytes | None) -> None:
            url = urlsplit(self.path)
            store.requests.append(f"{self.command} {url.path}")
            if url.path == "/token":
                self._send(200, {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
            elif self.headers.get("Authorization") != "Bearer token":
                self._send(401, _error(401, "UNAUTHENTICATED", "no token"))
            elif store.fail_next:
                status = store.fail_next.pop(0)
                self._send(status, _error(status, "UNAVAILABLE", "try again"))
            else:
                self._send(*_api(store, self.command, url.path, parse_qs(url.query), json.loads(body) if body else {}))

        def _send(self, status: int, document: object) -> None:
            raw = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            return

    return Sheets


def _error(code: int, status: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "status": status}}


def _api(store: Spreadsheets, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, object]:
    found = re.fullmatch(r"/v4/spreadsheets/([^/:]+)(?::(batchUpdate)|/values/(.+)|/values:(batchGet|batchClear|batchUpdate))?", path)
    if not found or found[1] not in store.sheets:
        return 404, _error(404, "NOT_FOUND", "Requested entity was not found.")
    sheets = store.sheets[found[1]]
    if found[2]:
        return 200, {"spreadsheetId": found[1], "replies": [_update(sheets, r) for r in body["requests"]]}
    if found[4] == "batchGet":
        ranges = [_read(sheets, r, query) for r in query["ranges"]]
        return (200, {"spreadsheetId": found[1], "valueRanges": ranges}) if all(ranges) else (400, _bad_range(query["ranges"][0]))
    if found[3]:
        return _values(sheets, method, unquote(found[3]), query, body)
    return 200, {"spreadsheetId": found[1], "properties": {"title": found[1], "locale": "en_US", "timeZone": "UTC"}, "sheets": _properties(sheets)}


def _properties(sheets: dict[str, Cells]) -> list[object]:
    return [{"properties": {"sheetId": i, "title": t, "index": i, "sheetType": "GRID",
                            "gridProperties": {"rowCount": max(len(c), 1), "columnCount": max((len(r) for r in c), default=1) or 1}}}
            for i, (t, c) in enumerate(sheets.items())]  # fmt: skip


def _update(sheets: dict[str, Cells], request: dict[str, Any]) -> dict[str, Any]:
    if "addSheet" in request:
        properties = request["addSheet"]["properties"]
        grid = properties.get("gridProperties", {})
        sheets[properties["title"]] = [[""] * grid.get("columnCount", 26) for _ in range(grid.get("rowCount", 1000))]
        return {"addSheet": {"properties": {**properties, "sheetId": len(sheets) - 1, "index": len(sheets) - 1, "sheetType": "GRID"}}}
    if "updateSheetProperties" in request:
        properties = request["updateSheetProperties"]["properties"]
        title = list(sheets)[properties["sheetId"]]
        grid = properties["gridProperties"]
        rows, columns = grid.get("rowCount", len(sheets[title])), grid.get("columnCount", max((len(r) for r in sheets[title]), default=1))
        sheets[title] = [(r + [""] * columns)[:columns] for r in (sheets[title] + [[] for _ in range(rows)])[:rows]]
    return {}


def _values(sheets: dict[str, Cells], method: str, name: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, object]:
    if name.endswith(":clear"):
        cells, top, left, bottom, right = _area(sheets, name.removesuffix(":clear"))
        for row in cells[top:bottom]:
            row[left:right] = [""] * len(row[left:right])
        return 200, {"clearedRange": name}
    if method == "GET":
        found = _read(sheets, name, query)
        return (200, found) if found else (400, _bad_range(name))
    try:
        cells, top, left, _, _ = _area(sheets, name)
    except KeyError:
        return 400, _bad_range(name)
    width = max((len(r) for r in cells), default=0)
    if top + len(body["values"]) > max(len(cells), 1) or left + max((len(r) for r in body["values"]), default=0) > max(width, 1):
        return 400, _error(400, "INVALID_ARGUMENT", f"Range ({name}) exceeds grid limits.")
    for i, values in enumerate(body["values"]):
        cells[top + i][left : left + len(values)] = ["" if v is None else v for v in values]
    return 200, {"updatedRange": name, "updatedRows": len(body["values"])}


def _bad_range(name: str) -> dict[str, object]:
    return _error(400, "INVALID_ARGUMENT", f"Unable to parse range: {name}")


def _read(sheets: dict[str, Cells], name: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
    try:
        cells, top, left, bottom, right = _area(sheets, name)
    except KeyError:
        return None
    formatted = query.get("valueRenderOption", ["FORMATTED_VALUE"])[0] == "FORMATTED_VALUE"
    rows = [[_shown(v) if formatted else v for v in _trim(row[left:right])] for row in cells[top:bottom]]
    while rows and not rows[-1]:
        rows.pop()
    return {"range": name, "majorDimension": "ROWS", **({"values": rows} if rows else {})}


def _trim(row: list[Any]) -> list[Any]:
    end = len(row)
    while end and row[end - 1] == "":
        end -= 1
    return row[:end]


def _shown(value: object) -> str:
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else str(value)


def _area(sheets: dict[str, Cells], name: str) -> tuple[Cells, int, int, int | None, int | None]:
    """The cells of a sheet and the area (top, left, bottom, right) that an A1 range names.

    Raises:
        KeyError: There is no such sheet.
    """
    title, _, area = name.partition("!")
    cells = sheets[title.strip("'")]
    found = re.fullmatch(r"([A-Z]+)?(\d+)?(?::([A-Z]+)?(\d+)?)?", area)
    if not area or not found:
        return cells, 0, 0, None, None
    left, top = _column(found[1]) or 0, int(found[2] or 1) - 1
    if ":" not in area:
        return cells, top, left, top + 1, left + 1
    return cells, top, left, int(found[4]) if found[4] else None, (_column(found[3]) or 0) + 1 if found[3] else None


def _column(letters: str | None) -> int | None:
    if not letters:
        return None
    index = 0
    for c in letters:
        index = index * 26 + ord(c) - 64
    return index - 1
