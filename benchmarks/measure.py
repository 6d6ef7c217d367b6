"""Runs a command and tells its wall time, CPU time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What one run of a command took."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def measure(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> Measured:
    """Runs the command to its end; a failing one ends the benchmark with its output."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{output.decode(errors='replace')[-3000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(runs: Sequence[Measured]) -> Measured:
    """The quickest run, with the lowest peak of all."""
    quickest = min(runs, key=lambda m: m.wall_s)
    return Measured(quickest.wall_s, quickest.cpu_s, min(m.peak_mib for m in runs))
