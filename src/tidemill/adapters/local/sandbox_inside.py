"""The program inside the sandbox: takes away its own rights, then imports `pipeline.py` and runs `tests.py`.

Run as a script with `python -I -B sandbox_inside.py ORDER`. Only the standard library and pytest are there. ORDER is one JSON object:

    folder       the bundle's folder; the only one that is writable is its parent
    limits       {resource name: number}
    processors   how many may be used at most; libraries start a thread, with memory of its own, for each
    landlock     {"version", "readable": [...], "writable": [...]}, or null where namespaces hide the files
    seccomp      the filter in hexadecimal, or ""
    warm         modules to import while the word to go has not come on standard input
    report_fd    where the reports go, one JSON object a line

Reports: {"ready": true}, {"import": seconds, "problem": text}, {"test": name, "passed": …, "message": …}, {"done": exit status,
"seconds": …}. Without the last one the code ended the process, whatever the exit code says.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import struct
import sys
import time
import traceback
from contextlib import suppress

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SIGKILL = 1, 22, 38, 9
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL
RIGHTS_BY_VERSION = (13, 14, 15, 15, 16)
"""How many file system rights versions 1, 2, 3 … of Landlock know; the last number holds for all later ones."""
TCP_RIGHTS, SCOPES = 0b11, 0b11
MAX_MESSAGE = 6000
OPTIONS = ("-q", "--tb=short", "--color=no", "--no-header", "--disable-warnings", "--rootdir=.", "--confcutdir=.", "-c", os.devnull)
"""No setting from outside the bundle's folder is looked for."""
UNNEEDED = (
    "cacheprovider", "junitxml", "pastebin", "doctest", "stepwise", "setuponly", "setupplan", "legacypath", "unraisableexception", "threadexception",
)  # fmt: skip
"""Plugins of pytest that cost time (one of them a tenth of a second, in collecting garbage) and do nothing here."""
CAPABILITY_VERSION = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


def main(order: dict) -> int:  # type: ignore[type-arg]
    """Do what the order says; the exit status is pytest's, or 1 if the import failed."""
    gc.disable()  # a tenth of the import time goes into looking at modules that stay
    report = os.fdopen(order["report_fd"], "w", encoding="utf-8", buffering=1)
    give_up_rights(order)

    def tell(**said: object) -> None:
        report.write(json.dumps(said) + "\n")

    tell(ready=True)
    warm_up(order["warm"])
    if sys.stdin.readline() != "go\n":
        return 1
    sys.path.insert(0, order["folder"])
    os.chdir(order["folder"])
    begun = time.perf_counter()
    problem = import_problem()
    gc.freeze()
    gc.enable()
    tell(**{"import": time.perf_counter() - begun, "problem": problem})
    return 1 if problem else run_tests(tell)


def warm_up(modules: list[str]) -> None:
    """Import what will likely be needed, as long as there is nothing better to do: until the word to go has come."""
    for module in modules:
        if select.select([sys.stdin], [], [], 0)[0]:
            return
        with suppress(ImportError):
            importlib.import_module(module)


def import_problem() -> str:
    """Why `pipeline.py` cannot be imported, with the lines that lead there; empty if it can."""
    try:
        importlib.import_module("pipeline")
    except BaseException as error:  # SystemExit too: a module that ends the process at import cannot be tested
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith("pipeline.py")]
        return "".join(traceback.format_list(frames) + traceback.format_exception_only(error))[-MAX_MESSAGE:]
    return ""


def run_tests(tell) -> int:  # type: ignore[no-untyped-def]
    """Run `tests.py` and tell of each test."""
    import pytest

    class Reporter:
        def __init__(self) -> None:
            self.failed: set[str] = set()

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                tell(test=report.nodeid or "tests.py", passed=False, message=report.longreprtext[-MAX_MESSAGE:])

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            name = report.nodeid.partition("::")[2]
            if report.failed:
                self.failed.add(name)
                tell(test=name, passed=False, message=report.longreprtext[-MAX_MESSAGE:])
            elif report.skipped:
                tell(test=name, passed=True, message=f"Skipped: {report.longrepr[2] if isinstance(report.longrepr, tuple) else ''}")
            elif report.when == "teardown" and name not in self.failed:
                tell(test=name, passed=True, message="")

    begun = time.perf_counter()
    status = int(pytest.main([*OPTIONS, *(f"-pno:{p}" for p in UNNEEDED), "tests.py"], plugins=[Reporter()]))
    tell(done=status, seconds=time.perf_counter() - begun)
    return status


def give_up_rights(order: dict) -> None:  # type: ignore[type-arg]
    """Set the limits and shut every door that the order names; what fails here ends the program."""
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    for name, limit in order["limits"].items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(number, (allowed, allowed))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: order["processors"]])
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if order["landlock"]:
        enter_landlock(**order["landlock"])
        drop_capabilities()
    if order["seccomp"]:
        enter_seccomp(bytes.fromhex(order["seccomp"]))


def drop_capabilities() -> None:
    """What root may do besides, it may no longer."""
    header = struct.pack("<Ii", CAPABILITY_VERSION, 0)
    must(libc.capset(header, bytes(24)), "capset")


def enter_landlock(version: int, readable: list[str], writable: list[str]) -> None:
    """See nothing but these files and folders, change nothing but the writable ones."""
    count = RIGHTS_BY_VERSION[min(version, len(RIGHTS_BY_VERSION)) - 1]
    every = (1 << count) - 1
    words = 3 if version >= 6 else 2 if version >= 4 else 1
    rules = struct.pack("<3Q", every, TCP_RIGHTS, SCOPES)[: 8 * words]
    ruleset = must(libc.syscall(LANDLOCK_CREATE, rules, len(rules), 0), "landlock_create_ruleset")
    for paths, rights in ((readable, EXECUTE | READ_FILE | READ_DIR), (writable, every & ~EXECUTE)):
        for path in paths:
            allow_path(ruleset, path, rights & every)
    must(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def allow_path(ruleset: int, path: str, rights: int) -> None:
    """Add one path to a ruleset; one that is not there is left out."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = rights if os.path.isdir(path) else rights & FILE_RIGHTS
    must(libc.syscall(LANDLOCK_ADD_RULE, ruleset, 1, struct.pack("<Qi", allowed, fd), 0), f"landlock_add_rule {path}")
    os.close(fd)


def enter_seccomp(program: bytes) -> None:
    """Let the kernel judge every call from now on."""
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    must(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0), "seccomp")


def must(result: int, what: str) -> int:
    """The result of a call that has to work; a sandbox with a gap is none."""
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


if __name__ == "__main__":
    exit_status = main(json.loads(sys.argv[1]))
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(exit_status)  # the libraries' own ends take time, and nothing is left to be saved
