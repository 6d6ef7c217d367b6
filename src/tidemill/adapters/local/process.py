"""Processes that this server may not have started itself: who they are, whether they live, how they end."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import psutil

from tidemill.adapters.local import supervisor
from tidemill.domain.values import FrozenModel

POLL_S = 0.1
"""How often a process is looked at where the kernel cannot tell of its end."""


class ProcessIdentity(FrozenModel):
    """A process, told from a later one with the same number."""

    pid: int
    start: str
    """From `supervisor.start_of`."""

    @property
    def is_alive(self) -> bool:
        """True until it has ended, also if nobody has read its exit code yet."""
        fields = supervisor.stat_fields(str(self.pid))
        return bool(fields) and fields[0] not in ("Z", "X") and supervisor.start_of(self.pid) == self.start


async def wait_for_end(process: ProcessIdentity, timeout_s: float) -> None:
    """Return when the process has ended or the time is up; any process, not only a child of this one."""
    try:
        end = os.pidfd_open(process.pid)
    except OSError:
        await _poll_for_end(process, timeout_s)
        return
    try:
        if process.is_alive:
            await _readable(end, timeout_s)
    finally:
        os.close(end)


async def _readable(fd: int, timeout_s: float) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await ended.wait()
    finally:
        loop.remove_reader(fd)


async def _poll_for_end(process: ProcessIdentity, timeout_s: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    while process.is_alive and loop.time() < until:
        await asyncio.sleep(min(POLL_S, timeout_s))


def signal_group(leader: ProcessIdentity, number: signal.Signals) -> None:
    """Send a signal to a process group whose leader is alive or not yet forgotten; nothing happens if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, number)


def kill_descendants(root: ProcessIdentity) -> None:
    """Kill everything below a process by force, not the process itself."""
    if not root.is_alive:
        return
    with suppress(psutil.Error):
        for child in psutil.Process(root.pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
