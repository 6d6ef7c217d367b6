"""A seccomp filter in the kernel's own form: no network, no new processes, nothing that reaches out of the process.

Needs no library: the filter is a list of classic BPF instructions. What the calls do is in seccomp(2) and in the kernel's
`Documentation/userspace-api/seccomp_filter.rst`.
"""

from __future__ import annotations

import errno
import platform
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

LOAD, EQUALS, AT_LEAST, HAS_BITS, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF: load a word of seccomp_data; jump if equal, if at least, if any bit is set; return."""
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
"""Offsets in seccomp_data; of an argument its lower half, on little-endian machines."""
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
X32_BIT = 0x40000000
"""Marks the second set of call numbers of x86-64, by which a filter on the first could be passed."""
CLONE_THREAD, AF_UNIX = 0x00010000, 1

_X86_64 = {
    "socket": 41, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "clone3": 435,
    "kill": 62, "tkill": 200, "tgkill": 234, "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438, "prlimit64": 302,
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297,
    "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "memfd_create": 319, "memfd_secret": 447,
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "keyctl": 250, "add_key": 248, "request_key": 249,
    "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176, "reboot": 169,
    "swapon": 167, "swapoff": 168, "settimeofday": 164, "clock_settime": 227, "sethostname": 170, "setdomainname": 171, "acct": 163,
    "quotactl": 179, "syslog": 103, "iopl": 172, "ioperm": 173, "process_madvise": 440, "mknod": 133, "mknodat": 259,
}  # fmt: skip
_AARCH64 = {
    "socket": 198, "socketpair": 199, "clone": 220, "execve": 221, "execveat": 281, "clone3": 435,
    "kill": 129, "tkill": 130, "tgkill": 131, "pidfd_send_signal": 424, "pidfd_open": 434, "pidfd_getfd": 438, "prlimit64": 261,
    "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240,
    "shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180, "memfd_create": 279, "memfd_secret": 447,
    "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "keyctl": 219, "add_key": 217, "request_key": 218,
    "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273, "delete_module": 106, "reboot": 142,
    "swapon": 224, "swapoff": 225, "settimeofday": 170, "clock_settime": 112, "sethostname": 161, "setdomainname": 162, "acct": 89,
    "quotactl": 60, "syslog": 116, "process_madvise": 440, "mknodat": 33,
}  # fmt: skip
_NOT_THERE = ("clone3", "memfd_create", "memfd_secret")
"""Callers fall back to something else when the kernel seems not to know these: clone3 cannot be filtered by its flags."""
_JUDGED_BY_ARGUMENT = ("socketpair", "clone", "prlimit64")
_SIGNALS = ("kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo")


class Machine(NamedTuple):
    """What a filter depends on."""

    architecture: int
    """AUDIT_ARCH_…"""
    calls: Mapping[str, int]


MACHINES: Mapping[str, Machine] = {"x86_64": Machine(0xC000003E, _X86_64), "aarch64": Machine(0xC00000B7, _AARCH64)}


def seccomp_filter(machine: str = "", *, allow_signals: bool) -> bytes | None:
    """The filter's instructions; None for a processor we have no call numbers of.

    Args:
        machine: As `platform.machine()` says it, which is the default.
        allow_signals: False where nothing else keeps the code from signalling other processes of the user.
    """
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    left_alone = _SIGNALS if allow_signals else ()
    denied = [n for name, n in known.calls.items() if name not in (*_NOT_THERE, *_JUDGED_BY_ARGUMENT, *left_alone)]
    absent = [known.calls[name] for name in _NOT_THERE]
    return b"".join(
        (
            _instruction(LOAD, ARCHITECTURE_AT),
            *_unless(EQUALS, known.architecture, KILL),
            _instruction(LOAD, NUMBER_AT),
            *(_when(AT_LEAST, X32_BIT, FAIL | errno.ENOSYS) if known.calls is _X86_64 else ()),
            *(part for n in denied for part in _when(EQUALS, n, FAIL | errno.EPERM)),
            *(part for n in absent for part in _when(EQUALS, n, FAIL | errno.ENOSYS)),
            *_only_with(known.calls["socketpair"], EQUALS, AF_UNIX),
            *_only_with(known.calls["clone"], HAS_BITS, CLONE_THREAD),
            *_only_with(known.calls["prlimit64"], EQUALS, 0),
            _instruction(ANSWER, ALLOW),
        )
    )


def _when(test: int, value: int, answer: int) -> tuple[bytes, ...]:
    return _instruction(test, value, when_true=0, when_false=1), _instruction(ANSWER, answer)


def _unless(test: int, value: int, answer: int) -> tuple[bytes, ...]:
    return _instruction(test, value, when_true=1, when_false=0), _instruction(ANSWER, answer)


def _only_with(number: int, test: int, value: int) -> tuple[bytes, ...]:
    """Allow a call only if its first argument passes the test."""
    return (
        _instruction(EQUALS, number, when_true=0, when_false=4),
        _instruction(LOAD, FIRST_ARGUMENT_AT),
        _instruction(test, value, when_true=0, when_false=1),
        _instruction(ANSWER, ALLOW),
        _instruction(ANSWER, FAIL | errno.EPERM),
    )


def _instruction(code: int, value: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, when_true, when_false, value)
