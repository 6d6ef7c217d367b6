"""Stands over one run's process and outlives the server that started it.

Run as a script with `python -I -S supervisor.py FOLDER LOCK_FD CWD COMMAND…`, with the pipeline's own environment. It imports
nothing outside the standard library and little of that, so that it starts in milliseconds and stays small. It leaves in FOLDER:

    process.json   who the pipeline and the supervisor are; there before the pipeline's first instruction
    output.log     what the pipeline printed, written by the pipeline itself
    exit.json      how it ended; there once everything it started is gone

It exits with 0 as soon as process.json is there; a copy of it stays behind.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from contextlib import suppress

PR_SET_CHILD_SUBREAPER = 36
SWEEP_ROUNDS = 100
SWEEP_PAUSE_S = 0.02


def main(folder: str, lock_fd: int, cwd: str, command: list[str]) -> int:
    """Start the command and come back when process.json is written; 1 if it never was."""
    os.set_inheritable(lock_fd, False)
    started, tell_started = os.pipe()
    if os.fork():
        os.close(tell_started)
        return 0 if os.read(started, 1) else 1
    os.close(started)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    oom_kills = read_oom_kills()
    begun = time.time()
    child = os.fork()
    if not child:
        become(folder, cwd, command, tell_started, begun)
    os.close(tell_started)
    os.close(lock_fd)
    status, peak_memory_bytes = reap(child)
    sweep(child)
    signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    write_json(
        os.path.join(folder, "exit.json"),
        {
            "exitCode": None if signal_number else os.WEXITSTATUS(status),
            "signal": signal_number,
            "startedAt": begun,
            "finishedAt": time.time(),
            "peakMemoryBytes": peak_memory_bytes,
            "outOfMemory": signal_number == signal.SIGKILL and read_oom_kills() > oom_kills,
        },
    )
    os._exit(0)


def become(folder: str, cwd: str, command: list[str], tell_started: int, begun: float) -> None:
    """In the child: sign process.json, then turn into the command. A start that fails exits with 127, as a shell does."""
    try:
        os.setpgid(0, 0)
        output = os.open(os.path.join(folder, "output.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        supervisor = os.getppid()
        write_json(
            os.path.join(folder, "process.json"),
            {
                "pid": os.getpid(), "start": start_of(os.getpid()),
                "supervisorPid": supervisor, "supervisorStart": start_of(supervisor), "startedAt": begun,
            },
        )  # fmt: skip
        os.write(tell_started, b"1")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(cwd)
        os.execve(command[0], command, os.environ)  # noqa: S606 - a shell is what we do not want
    except OSError as error:
        os.write(2, f"{command[0]} could not be started in {cwd}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def reap(child: int) -> tuple[int, int]:
    """Wait for the child, and for whatever it left to us meanwhile; its wait status and its peak resident memory in bytes."""
    while True:
        pid, status, usage = os.wait4(-1, 0)
        if pid == child:
            return status, usage.ru_maxrss * 1024


def sweep(group: int) -> None:
    """Kill what the child left running: its process group, and adopted processes that left the group."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(SWEEP_ROUNDS):
        for pid in children():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(SWEEP_PAUSE_S)


def children() -> list[int]:
    """The processes whose parent this one is."""
    mine = str(os.getpid())
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and stat_fields(p)[1:2] == [mine]]


def start_of(pid: int) -> str:
    """What tells this process from a later one with the same number: boot and clock ticks since then; empty if it is gone."""
    fields = stat_fields(str(pid))
    return f"{read_text('/proc/sys/kernel/random/boot_id').strip()}:{fields[19]}" if len(fields) > 19 else ""


def stat_fields(pid: str) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, which may hold spaces: state, parent …"""
    return read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def read_oom_kills() -> int:
    """How often this machine has killed a process for want of memory; 0 where the kernel does not say."""
    for line in read_text("/proc/vmstat").splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def read_text(path: str) -> str:
    """A file's text, or nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def write_json(path: str, value: dict[str, object]) -> None:
    """Write the whole file or nothing, to last through a power cut."""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".tmp", path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
