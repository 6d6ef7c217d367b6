"""The means of isolation of this machine, and the command lines that use them."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from tidemill.adapters.local import sandbox_inside
from tidemill.adapters.local.seccomp import seccomp_filter

INSIDE = Path(sandbox_inside.__file__)
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/mime.types", "/nix/store", "/home/linuxbrew/.linuxbrew")
"""What a Python of the system, of Nix or of Homebrew loads besides its own folder; no account, no name of a machine."""
KERNEL_FILES = (
    "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu", "/sys/fs/cgroup",
    "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
"""How libraries find out the number of processors and the memory there is."""
NOBODY = "65534"
PROBE_TIMEOUT_S = 10.0
MAX_PROCESSORS = 8
WORK = Path("/sandbox")
"""Where the work folder is seen inside bubblewrap."""
INSIDE_SEEN = "/run/inside.py"


class Isolation(StrEnum):
    """What keeps code nobody has read away from the machine."""

    BUBBLEWRAP = "bubblewrap"
    """Namespaces: the code sees no file but the system's, read-only, no network, no other process; and seccomp."""
    LANDLOCK = "landlock"
    """Kernel rules on files, and seccomp for network and processes. The names of hidden files can still be asked for."""
    NONE = "none"
    """Limits of time and memory only."""


def work_seen(isolation: Isolation, work: Path) -> Path:
    """Where the code inside sees the work folder."""
    return WORK if isolation is Isolation.BUBBLEWRAP else work


def launch_command(isolation: Isolation, work: Path, *, report_fd: int, limits: dict[str, int], warm: tuple[str, ...], bwrap: str) -> list[str]:
    """The command that starts `sandbox_inside` on a work folder.

    Args:
        work: Holds `bundle/`, `tmp/` and `home/`; an absolute path without symbolic links.
        bwrap: Path of the program, for bubblewrap.
    """
    seen = work_seen(isolation, work)
    order = {
        "folder": str(seen / "bundle"),
        "limits": limits,
        "processors": MAX_PROCESSORS,
        "landlock": landlock_rules(work) if isolation is Isolation.LANDLOCK else None,
        "seccomp": "" if isolation is Isolation.NONE else _seccomp(isolation),
        "warm": warm,
        "report_fd": report_fd,
    }
    if isolation is not Isolation.BUBBLEWRAP:
        return [sys.executable, "-I", "-B", str(INSIDE), json.dumps(order)]
    return [*bubblewrap_command(bwrap, work), sys.executable, "-I", "-B", INSIDE_SEEN, json.dumps(order)]


def bubblewrap_command(bwrap: str, work: Path) -> list[str]:
    """bubblewrap's command line up to the program."""
    words = [
        bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox",
        "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
    ]  # fmt: skip
    for name in SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            words += ["--symlink", os.readlink(folder), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    words += ["--proc", "/proc", "--dev", "/dev", "--bind", str(work), str(WORK), "--bind", str(work / "tmp"), "/tmp"]  # noqa: S108 - inside
    for path in (*SYSTEM_FILES, *python_folders()):
        words += ["--ro-bind-try", path, path]
    return [*words, "--ro-bind", str(INSIDE), INSIDE_SEEN, "--chdir", str(WORK), "--remount-ro", "/dev", "--remount-ro", "/", "--"]


def landlock_rules(work: Path) -> dict[str, object]:
    """What Landlock lets the code see and change."""
    readable = ["/usr", *(f"/{n}" for n in SYSTEM_FOLDERS), *SYSTEM_FILES, *KERNEL_FILES, *python_folders()]
    return {"version": landlock_version(), "readable": readable, "writable": [str(work), "/dev/null"]}


def python_folders() -> list[str]:
    """The interpreter's folders and the environment's, by every name that links lead through."""
    named = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(os.path.realpath(sys.executable)).parents[1]))
    return list(dict.fromkeys(p for name in named for p in (name, os.path.realpath(name)) if not Path(p).is_relative_to("/usr")))


def find_bubblewrap() -> str | None:
    """The path of a bubblewrap that works here for this user; None if it is not installed or the system forbids namespaces."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return None
    words = [bwrap, "--unshare-all", "--die-with-parent", "--uid", NOBODY, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    try:
        return bwrap if subprocess.run(words, capture_output=True, check=False, timeout=PROBE_TIMEOUT_S).returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired):
        return None


def has_landlock() -> bool:
    """True if kernel and processor are ones that Landlock and our seccomp filter work on."""
    return landlock_version() > 0 and seccomp_filter(allow_signals=False) is not None


def landlock_version() -> int:
    """The version of Landlock that the kernel speaks; 0 if none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(sandbox_inside.LANDLOCK_CREATE, None, 0, 1)))


def _seccomp(isolation: Isolation) -> str:
    """Where namespaces or Landlock keep signals inside already, the code may send them to itself."""
    keeps_signals = isolation is Isolation.BUBBLEWRAP or landlock_version() >= 6
    return (seccomp_filter(allow_signals=keeps_signals) or b"").hex()
