"""Only one process carries runs for a data folder."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.errors import Conflict

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ProcessLock:
    """A lock that the kernel lets go of however the process ends."""

    fd: int

    def release(self) -> None:
        """Let another process have it."""
        os.close(self.fd)


def take_process_lock(path: Path) -> ProcessLock:
    """Take the lock for this process, and write its number into the file.

    Raises:
        Conflict: Another process has it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise Conflict(f"Tidemill already runs for this project (process {holder}); use that one, or stop it first.", pid=holder) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return ProcessLock(fd)


def process_lock_holder(path: Path) -> int | None:
    """The number of the process that holds the lock; None if nobody does, as after its holder was killed."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 20, 0).strip()
        return int(holder) if holder.isdigit() else None
    finally:
        os.close(fd)
    return None
