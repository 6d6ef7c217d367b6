"""`python -m tests.e2e.scripted_server FOLDER`: the real server, engine and run backend, with pipelines that need no library."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.integration.parts import scripted_parts, settings_for
from tidemill.entrypoints.http.server import serve
from tidemill.telemetry import set_up_logging

SLOW = """\
import json, os, pathlib, time
count = int(pathlib.Path("lines.txt").read_text())
with open("starts.txt", "a") as starts:
    starts.write(f"{os.getpid()}\\n")
print(json.dumps({"step": "Load Sales", "event": "started", "message": "begin"}), flush=True)
for n in range(count):
    print("line", n, flush=True)
    time.sleep(0.02)
print(json.dumps({"step": "Load Sales", "event": "finished", "message": "end", "rows": count}), flush=True)
pathlib.Path("out.csv").write_text("done")
"""

if __name__ == "__main__":
    set_up_logging(level="warning", log_format="json")
    settings = settings_for(Path(sys.argv[1]), TIDEMILL_HTTP__PORT="0", **dict(a.split("=", 1) for a in sys.argv[2:]))
    asyncio.run(serve(settings, parts=scripted_parts(code=SLOW)))
