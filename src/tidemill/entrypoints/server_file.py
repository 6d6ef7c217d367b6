"""Where the running server of a project is found; imported without the web framework, so that a command that only asks it starts at once."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tidemill.adapter_registry import adapter

if TYPE_CHECKING:
    from pathlib import Path

    from tidemill.settings import Settings

SERVER_FILE = "server.json"


def running_server(settings: Settings) -> str | None:
    """The URL of the server that runs for this project; None if there is none, also if one was killed and left its file behind."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads((settings.data / SERVER_FILE).read_text(encoding="utf-8"))
        return str(known["url"]) if known["pid"] == adapter("process-lock-holder")(settings.engine_lock) else None
    return None


def write_server_file(settings: Settings, url: str) -> Path:
    """Tell this process's address to commands; the caller removes the file in the end."""
    path = settings.data / SERVER_FILE
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    draft.replace(path)
    return path
