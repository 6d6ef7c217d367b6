"""The seccomp filter, run by a small interpreter of its instructions (P9)."""

from __future__ import annotations

import errno
import struct

import pytest

from tidemill.adapters.local.seccomp import MACHINES, seccomp_filter

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
X86 = 0xC000003E


def judge(number: int, argument: int = 0, *, machine: str = "x86_64", architecture: int = 0, allow_signals: bool = True) -> int:
    """What the kernel would answer to a call."""
    program = seccomp_filter(machine, allow_signals=allow_signals)
    seen = struct.pack("<IIQQ", number, architecture or MACHINES[machine].architecture, 0, argument)
    at, word = 0, 0
    while True:
        code, when_true, when_false, value = struct.unpack_from("<HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                word = struct.unpack_from("<I", seen, value)[0]
            case 0x15:
                at += when_true if word == value else when_false
            case 0x35:
                at += when_true if word >= value else when_false
            case 0x45:
                at += when_true if word & value else when_false
            case 0x06:
                return value


@pytest.mark.parametrize(("name", "number"), [("read", 0), ("write", 1), ("openat", 257), ("mmap", 9), ("futex", 202), ("exit_group", 231)])
def test_what_programs_need_is_allowed(name, number):
    assert judge(number) == ALLOW


@pytest.mark.parametrize(
    ("name", "number"), [("socket", 41), ("fork", 57), ("vfork", 58), ("execve", 59), ("ptrace", 101), ("mount", 165), ("bpf", 321)]
)
def test_what_reaches_out_is_refused(name, number):
    assert judge(number) == EPERM


def test_threads_are_allowed_and_processes_are_not():
    thread_flags, fork_flags, vfork_flags = 0x3D0F00, 0x1200011, 0x4111
    assert [judge(56, f) for f in (thread_flags, fork_flags, vfork_flags)] == [ALLOW, EPERM, EPERM]


def test_clone3_seems_not_to_be_there():
    assert judge(435) == ENOSYS


def test_pairs_of_sockets_are_local_only():
    assert (judge(53, 1), judge(53, 2)) == (ALLOW, EPERM)


def test_only_its_own_limits_can_be_asked_for():
    assert (judge(302, 0), judge(302, 1234)) == (ALLOW, EPERM)


def test_signals_are_refused_where_nothing_else_contains_them():
    assert (judge(62), judge(62, allow_signals=False)) == (ALLOW, EPERM)


def test_the_second_set_of_numbers_is_refused():
    assert judge(0x40000000 + 41) == ENOSYS


def test_calls_of_another_architecture_end_the_process():
    assert judge(0, architecture=0x40000003) == KILL


def test_arm_has_its_own_numbers():
    assert [judge(n, machine="aarch64") for n in (63, 198, 221)] == [ALLOW, EPERM, EPERM]


def test_an_unknown_processor_has_no_filter():
    assert seccomp_filter("riscv64", allow_signals=True) is None
