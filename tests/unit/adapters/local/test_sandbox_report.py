"""Reports from inside the sandbox become a verification; nothing in them is trusted (P9)."""

from __future__ import annotations

import pytest

from tidemill.adapters.local.sandbox_report import MAX_TESTS, SandboxReport
from tidemill.domain.verification import Verification

IMPORTED = b'{"import": 0.5, "problem": ""}'
DONE = b'{"done": 0, "seconds": 1.5}'


def judge(*lines: bytes, ending: str = "it took longer than 5 s") -> Verification:
    report = SandboxReport()
    for line in lines:
        report.add(line)
    return report.verification(ending, isolation="landlock", seconds=5.0, output="out")


def test_all_passed():
    found = judge(IMPORTED, b'{"test": "a", "passed": true, "message": ""}', DONE)
    assert found.passed
    assert [(c.name.value, c.passed, c.seconds, c.detail) for c in found.checks] == [
        ("import", True, 0.5, ""),
        ("tests", True, 1.5, "1 of 1 tests passed."),
    ]


def test_no_import_report_is_explained_by_the_ending():
    found = judge()
    assert [c.detail for c in found.checks] == ["pipeline.py was not imported: it took longer than 5 s."]
    assert not found.passed


def test_a_missing_end_is_no_success():
    found = judge(IMPORTED, b'{"test": "a", "passed": true, "message": ""}')
    assert found.checks[1].detail == "The tests did not come to their end: it took longer than 5 s. 1 of 1 tests passed."
    assert not found.passed


def test_a_failed_test_outweighs_a_good_exit_code():
    assert not judge(IMPORTED, b'{"test": "a", "passed": false, "message": "m"}', DONE).passed


def test_a_test_that_failed_once_stays_failed():
    found = judge(IMPORTED, b'{"test": "a", "passed": false, "message": "m"}', b'{"test": "a", "passed": true, "message": ""}', DONE)
    assert not found.tests[0].passed


def test_an_exit_code_without_tests_is_no_success():
    assert judge(IMPORTED, DONE).checks[1].detail == "tests.py has no tests."


@pytest.mark.parametrize(
    "line", [b"", b"\xff", b"[]", b"null", b"5", b'{"test": 1}', b'{"import": "x", "problem": 1}', b'{"done": "0", "seconds": 1.0}', b"[" * 100_000]
)
def test_lines_that_make_no_sense_are_left_out(line):
    assert judge(line) == judge()


def test_endless_tests_are_not_kept():
    lines = (b'{"test": "%d", "passed": true, "message": ""}' % i for i in range(MAX_TESTS + 10))
    assert len(judge(IMPORTED, *lines, DONE).tests) == MAX_TESTS
