"""One sandboxed process: started, given its bundle, watched, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tidemill.adapters.local.bundle_files import unpack_bundle
from tidemill.adapters.local.isolation import launch_command, work_seen
from tidemill.adapters.local.sandbox_report import SandboxReport
from tidemill.adapters.local.work_folder import disk_bytes, make_work_folder, remove_folder
from tidemill.domain.values import FrozenModel
from tidemill.errors import UpstreamUnavailable

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from tidemill.adapters.local.isolation import Isolation
    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.verification import Verification

MIB = 1024 * 1024
OUTPUT_BYTES = 32 * 1024
READ_BYTES = 64 * 1024
LOOK_EVERY_S = 0.1
START_TIMEOUT_S = 60.0
"""On a cold machine the libraries take several seconds."""
IDLE_S = 600.0
"""A cell that nobody used is given up then: it holds about 150 MiB."""


class SandboxLimits(FrozenModel):
    """How much the code under test may take."""

    memory_mib: int = 2048
    file_mib: int = 256
    """Largest file."""
    disk_mib: int = 1024
    """All files together."""
    cpu_s: int = 300
    threads: int = 512

    def of_kernel(self) -> dict[str, int]:
        """What the kernel watches over, per process. Its memory limit counts what is reserved, so it allows half as much again and
        leaves the rest to `Cell`."""
        return {
            "RLIMIT_CPU": self.cpu_s, "RLIMIT_DATA": self.memory_mib * MIB * 3 // 2, "RLIMIT_FSIZE": self.file_mib * MIB, "RLIMIT_NOFILE": 512,
            "RLIMIT_CORE": 0, "RLIMIT_NPROC": threads_of_machine() + self.threads,
        }  # fmt: skip

    def excess(self, pid: int, work: Path) -> str:
        """What the process and all below it have taken too much of, in words that go on after "because"; empty if nothing."""
        memory, threads = taken(pid)
        if memory > self.memory_mib * MIB:
            return f"it used more than {self.memory_mib} MiB of memory"
        if threads > self.threads:
            return f"it started more than {self.threads} threads"
        if disk_bytes(work) > self.disk_mib * MIB:
            return f"it wrote more than {self.disk_mib} MiB to disk"
        return ""


class Cell:
    """A sandboxed process with its folder; good for one bundle."""

    def __init__(self, process: Process, reports: asyncio.StreamReader, *, isolation: Isolation, work: Path, limits: SandboxLimits) -> None:
        self._process = process
        self._reports = reports
        self._isolation = isolation
        self._work = work
        self._limits = limits
        self._output: deque[bytes] = deque()
        self._excess = ""
        self._opened_at = time.monotonic()
        self._reading = asyncio.create_task(self._keep_output())
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def open(cls, isolation: Isolation, bwrap: str, *, limits: SandboxLimits, warm: tuple[str, ...]) -> Cell:
        """Start the process; it imports the `warm` modules and waits for its bundle.

        Raises:
            UpstreamUnavailable: It did not come so far.
        """
        work = await asyncio.to_thread(make_work_folder)
        report_read, report_write = os.pipe()
        command = launch_command(isolation, work, report_fd=report_write, limits=limits.of_kernel(), warm=warm, bwrap=bwrap)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(report_write,), start_new_session=True,
                cwd=work, env=environment(work_seen(isolation, work)), limit=READ_BYTES,
            )  # fmt: skip
        except OSError as error:
            os.close(report_read)
            await asyncio.to_thread(remove_folder, work)
            raise UpstreamUnavailable(f"The sandbox could not be started: {error}", service="sandbox") from error
        finally:
            os.close(report_write)
        cell = cls(process, await _stream(report_read), isolation=isolation, work=work, limits=limits)
        try:
            await cell._until_ready()
        except BaseException:
            await cell.close()
            raise
        return cell

    @property
    def is_good(self) -> bool:
        """False if the process has ended meanwhile or waits too long already."""
        return self._process.returncode is None and not self._excess and time.monotonic() - self._opened_at < IDLE_S

    async def verify(self, bundle: ArtifactBundle, timeout_s: float) -> Verification:
        """Give the process its bundle and hear what it reports until it ends."""
        await asyncio.to_thread(unpack_bundle, bundle, self._work / "bundle")
        report = SandboxReport()
        begun = time.perf_counter()
        in_time = True
        try:
            async with asyncio.timeout(timeout_s):
                await self._go(report)
        except TimeoutError:
            in_time = False
        ending = await self._end("" if in_time else f"it took longer than {timeout_s:g} s")
        return report.verification(ending, isolation=self._isolation.value, seconds=time.perf_counter() - begun, output=self._said())

    async def close(self) -> None:
        """End the process and remove its folder."""
        self._kill()
        await self._process.wait()
        for task in (self._reading, self._watching):
            task.cancel()
        await asyncio.gather(self._reading, self._watching, return_exceptions=True)
        await asyncio.to_thread(remove_folder, self._work)

    async def _until_ready(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                if await self._reports.readline() == b'{"ready": true}\n':
                    return
                await self._process.wait()
                await self._reading
        raise UpstreamUnavailable(f"The sandbox ({self._isolation.value}) could not be started: {self._said()[-500:].strip()}", service="sandbox")

    async def _go(self, report: SandboxReport) -> None:
        if self._process.stdin is not None:
            with suppress(ConnectionError):
                self._process.stdin.write(b"go\n")
                await self._process.stdin.drain()
        with suppress(ValueError):  # a line beyond all measure: the code under test wrote it
            while line := await self._reports.readline():
                report.add(line)
        await self._process.wait()

    async def _end(self, too_long: str) -> str:
        """How the process ended, in words that go on after "because"; it is gone afterwards."""
        self._kill()
        code = await self._process.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), 1.0)
        if self._excess or too_long:
            return self._excess or too_long
        if code < 0 or code > 128:
            number = abs(code) % 128
            return f"the process was ended by {signal.Signals(number).name if number in set(signal.Signals) else f'signal {number}'}"
        return f"the code ended the process with exit code {code}"

    def _kill(self) -> None:
        """Ends the process and, where nothing kept it from starting others, those too; bubblewrap takes its namespace with it."""
        if self._process.returncode is None:
            for process in tree(self._process.pid):
                with suppress(psutil.Error):
                    process.kill()

    async def _keep_output(self) -> None:
        """Keep the last of what is printed, so that it can be shown and cannot fill the memory."""
        kept = 0
        while self._process.stdout is not None and (said := await self._process.stdout.read(READ_BYTES)):
            self._output.append(said)
            kept += len(said)
            while kept - len(self._output[0]) >= OUTPUT_BYTES:
                kept -= len(self._output.popleft())

    def _said(self) -> str:
        text = b"".join(self._output)[-OUTPUT_BYTES:].decode("utf-8", errors="replace")
        return text.replace(f"{work_seen(self._isolation, self._work)}/bundle/", "")

    async def _watch(self) -> None:
        """End the process when it takes more than its share."""
        while not self._excess and self._process.returncode is None:
            await asyncio.sleep(LOOK_EVERY_S)
            self._excess = await asyncio.to_thread(self._limits.excess, self._process.pid, self._work)
        self._kill()


def environment(work: Path) -> dict[str, str]:
    """Nothing of ours: no secret can be seen because none is there."""
    return {
        "PATH": "/usr/bin:/bin", "HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), "USER": "sandbox", "LOGNAME": "sandbox",
        "LANG": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "ARROW_DEFAULT_MEMORY_POOL": "system",
    }  # fmt: skip


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it; empty if it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def taken(pid: int) -> tuple[int, int]:
    """Resident bytes and threads of a process and all below it."""
    memory = threads = 0
    for process in tree(pid):
        with suppress(psutil.Error):
            memory += process.memory_info().rss
            threads += process.num_threads()
    return memory, threads


def threads_of_machine() -> int:
    """How many threads there are in all; the limit on a user's processes counts those outside the sandbox too."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 4096


async def _stream(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=READ_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0))
    return reader
