"""Runs pipelines as processes of this machine, each under a supervisor that outlives the server."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.adapters.local import supervisor
from tidemill.adapters.local.bundle_files import unpack_bundle
from tidemill.adapters.local.process import ProcessIdentity, kill_descendants, signal_group, wait_for_end
from tidemill.adapters.local.run_environment import run_environment
from tidemill.adapters.local.run_log import RunLogReader
from tidemill.domain.run import ExternalRef, Observation, ObservationKind, RunCapabilities
from tidemill.domain.values import FrozenModel
from tidemill.domain.verification import PIPELINE_FILE
from tidemill.errors import NotFound, UpstreamRejected, UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.log import LogCursor, LogEntry
    from tidemill.domain.run import Run

BACKEND = "local"
CONFIG_FILE = "config.yaml"
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
FORCED_END_S = 10.0
"""How long the kernel may take to end a process that was killed by force; one that waits for a dead disk may take for ever."""
SHORTEST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.25
GONE = "The process is gone and left no exit record: the machine was restarted, or process and supervisor were both killed."
NEVER_STARTED = "The process was never started: the server ended before it came to that."


class LocalRunSettings(FrozenModel):
    """Where the local backend works."""

    project: Path
    """The pipelines' working folder: relative paths of a spec are found there."""
    runs: Path
    """One folder for each run, named by its id."""
    artifacts: Path | None = None
    """The folder `pipeline_artifacts`: a pipeline's own log files go to `{pipeline id}/logs` there."""
    environment: dict[str, str]
    """All variables there are; a pipeline sees a part of them."""
    python: str = sys.executable
    grace_s: float = 5.0
    """From the polite to the forced end of a cancelled run."""


class LocalRunBackend:
    """Starts `pipeline.py` as a process group of its own."""

    def __init__(self, settings: LocalRunSettings) -> None:
        self._settings = settings

    @property
    def capabilities(self) -> RunCapabilities:
        return RunCapabilities(backend=BACKEND, reads_project_files=True)

    async def submit(self, run: Run, bundle: ArtifactBundle) -> ExternalRef:
        await asyncio.to_thread(self._submit, run, bundle)
        return ExternalRef(backend=BACKEND, handle=run.id)

    async def observe(self, ref: ExternalRef) -> Observation:
        return self._folder(ref).observe()

    async def wait(self, ref: ExternalRef, *, timeout_s: float) -> Observation:
        folder = self._folder(ref)
        seen = folder.observe()
        if not seen.is_final and (process := folder.longest_living()):
            await wait_for_end(process, timeout_s)
        elif not seen.is_final:
            await asyncio.sleep(min(timeout_s, SHORTEST_PAUSE_S))
        return folder.observe()

    async def cancel(self, ref: ExternalRef) -> None:
        folder = self._folder(ref)
        pipeline = folder.pipeline()
        if pipeline is None or folder.observe().is_final:
            return
        signal_group(pipeline, signal.SIGTERM)
        if (await self.wait(ref, timeout_s=self._settings.grace_s)).is_final:
            return
        if watcher := folder.supervisor():
            kill_descendants(watcher)
        if pipeline.is_alive:
            kill_descendants(pipeline)
            signal_group(pipeline, signal.SIGKILL)
        if not (await self.wait(ref, timeout_s=FORCED_END_S)).is_final:
            raise UpstreamUnavailable(f"Process {pipeline.pid} of run `{ref.handle}` does not end even when killed.", service=BACKEND)

    async def logs(self, ref: ExternalRef, *, after: LogCursor, follow: bool = True) -> AsyncIterator[LogEntry]:
        folder = self._folder(ref)
        reader: RunLogReader | None = None
        pause_s = SHORTEST_PAUSE_S
        while True:
            over = folder.observe().is_final
            reader = reader or folder.log_reader(after)
            for entries in reader.read() if reader else ():
                pause_s = SHORTEST_PAUSE_S
                for entry in entries:
                    yield entry
                await asyncio.sleep(0)
            if over or not follow:
                break
            await self.wait(ref, timeout_s=pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        for entry in reader.rest() if reader and over else ():
            yield entry

    def _folder(self, ref: ExternalRef) -> RunFolder:
        folder = RunFolder(self._settings.runs / ref.handle)
        if ref.backend != BACKEND or not HANDLE.fullmatch(ref.handle) or not folder.path.is_dir():
            raise NotFound(f"No run `{ref.handle}` was started here.", run_id=ref.handle)
        return folder

    def _submit(self, run: Run, bundle: ArtifactBundle) -> None:
        if PIPELINE_FILE not in {a.path for a in bundle.artifacts}:
            raise UpstreamRejected(f"The bundle of run `{run.id}` has no {PIPELINE_FILE}.", service=BACKEND)
        folder = RunFolder(self._settings.runs / run.id)
        try:
            folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with folder.lock() as lock_fd:
                if folder.pipeline() is None:
                    unpack_bundle(bundle, folder.bundle)
                    self._share_logs(run, folder)
                    self._start(folder, bundle, lock_fd)
        except OSError as error:
            raise UpstreamUnavailable(f"Run `{run.id}` could not be started: {error.strerror}.", service=BACKEND) from error

    def _share_logs(self, run: Run, folder: RunFolder) -> None:
        """The pipeline writes its log file beside itself; let that be the pipeline's folder, not the run's."""
        if self._settings.artifacts is None:
            return
        logs = self._settings.artifacts.resolve() / run.pipeline_id / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        (folder.bundle / "logs").symlink_to(logs, target_is_directory=True)

    def _start(self, folder: RunFolder, bundle: ArtifactBundle, lock_fd: int) -> None:
        config = next((a.text for a in bundle.artifacts if a.path == CONFIG_FILE), "")
        python = self._settings.python
        command: list[str | Path] = [python, "-I", "-S", supervisor.__file__, folder.path, str(lock_fd), self._settings.project.absolute()]
        with (folder.path / "supervisor.log").open("wb") as log:
            started = subprocess.run(
                [*command, python, folder.bundle / PIPELINE_FILE], env=run_environment(config, self._settings.environment), cwd="/",
                pass_fds=(lock_fd,), start_new_session=True, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        if started.returncode != 0:
            said = supervisor.read_text(str(folder.path / "supervisor.log")).strip()[-500:]
            raise UpstreamUnavailable(f"The supervisor of run `{folder.path.name}` did not start: {said}", service=BACKEND)


class RunFolder:
    """The files of one run; `supervisor` says who writes which."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.bundle = self.path / "bundle"

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the run against a second start. The supervisor inherits it and lets go when `process.json` is there, so a server
        that dies in between leaves no gap."""
        fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)

    def observe(self) -> Observation:
        """What the files and the process table say; an exit record that appears while we look wins."""
        if exited := self._exited():
            return exited
        at = datetime.now(UTC)
        if process := self._read("process.json"):
            if self.longest_living():
                return Observation(kind=ObservationKind.RUNNING, at=at, ref=self._ref, started_at=_time(process["startedAt"]))
            detail = "The process is gone and left no exit record: the machine was restarted, or process and supervisor were both killed."
            return self._exited() or Observation(
                kind=ObservationKind.LOST, at=at, ref=self._ref, started_at=_time(process["startedAt"]), detail=detail
            )
        if self._is_starting():
            return Observation(kind=ObservationKind.RUNNING, at=at, ref=self._ref)
        return Observation(kind=ObservationKind.LOST, at=at, ref=self._ref, detail="The process was never started.")

    def pipeline(self) -> ProcessIdentity | None:
        """The process that runs `pipeline.py`, alive or not; None if it was never started."""
        process = self._read("process.json")
        return ProcessIdentity(pid=int(str(process["pid"])), start=str(process["start"])) if process else None

    def supervisor(self) -> ProcessIdentity | None:
        """The process that watches it, alive or not."""
        process = self._read("process.json")
        return ProcessIdentity(pid=int(str(process["supervisorPid"])), start=str(process["supervisorStart"])) if process else None

    def longest_living(self) -> ProcessIdentity | None:
        """The supervisor, or the pipeline if somebody killed the supervisor; None if both are gone."""
        return next((p for p in (self.supervisor(), self.pipeline()) if p and p.is_alive), None)

    def log_reader(self, after: LogCursor) -> RunLogReader | None:
        """A reader of what the pipeline prints; None as long as it was not started."""
        process = self._read("process.json")
        return RunLogReader(self.path / "output.log", after, started_at=_time(process["startedAt"])) if process else None

    @property
    def _ref(self) -> ExternalRef:
        return ExternalRef(backend=BACKEND, handle=self.path.name)

    def _exited(self) -> Observation | None:
        record = self._read("exit.json")
        if not record:
            return None
        return Observation.model_validate(
            {
                "kind": ObservationKind.EXITED, "at": datetime.now(UTC), "ref": self._ref,
                "exit_code": record["exitCode"], "signal": record["signal"], "out_of_memory": record["outOfMemory"],
                "started_at": _time(record["startedAt"]), "finished_at": _time(record["finishedAt"]), "peak_memory_bytes": record["peakMemoryBytes"],
            }
        )  # fmt: skip

    def _is_starting(self) -> bool:
        """True while a submit is under way somewhere."""
        try:
            fd = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def _read(self, name: str) -> dict[str, object] | None:
        """A record, None if it is not there; both records appear whole or not at all."""
        text = supervisor.read_text(str(self.path / name))
        return json.loads(text) if text else None


def _time(seconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(seconds)), UTC)
