"""What the tests of run backends share: bundles, runs, and a way to collect a log."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tidemill.adapters.local.run_backend import LocalRunBackend, LocalRunSettings
from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.log import LogCursor, LogEntry
from tidemill.domain.run import ExternalRef, Run


def bundle_of(pipeline: str, config: str = "name: test\n") -> ArtifactBundle:
    return ArtifactBundle(artifacts=(Artifact(path="pipeline.py", text=pipeline), Artifact(path="config.yaml", text=config)))


def run_named(run_id: str = "run-1") -> Run:
    return Run(id=run_id, pipeline_id="sales", spec_digest="s", bundle_digest="b", requested_at=datetime.now(UTC))


def local_backend(root: Path, **settings: object) -> LocalRunBackend:
    project = root / "project"
    project.mkdir(parents=True, exist_ok=True)
    values: dict[str, object] = {
        "project": project, "runs": root / "runs", "artifacts": root / "pipeline_artifacts", "environment": dict(os.environ),
        "python": sys.executable, "grace_s": 1.0,
    }  # fmt: skip
    return LocalRunBackend(LocalRunSettings.model_validate(values | settings))


async def read_log(backend: LocalRunBackend, ref: ExternalRef, after: LogCursor | None = None) -> list[LogEntry]:
    return [entry async for entry in backend.logs(ref, after=after or LogCursor())]


def wait_for_file(path: Path, timeout_s: float = 10.0) -> str:
    """The file's text once it has some."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if path.is_file() and (text := path.read_text(encoding="utf-8")):
            return text
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear within {timeout_s} s.")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
