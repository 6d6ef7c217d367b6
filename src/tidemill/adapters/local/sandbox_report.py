"""From what came out of the sandbox to a verification."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tidemill.domain.verification import CheckName, TestResult, Verification, VerificationCheck

MAX_TESTS = 5000
EXIT_OK, EXIT_FAILED, EXIT_NO_TESTS = 0, 1, 5
"""pytest's exit codes."""


@dataclass
class SandboxReport:
    """Collects the lines that `sandbox_inside` writes; code under test may write there too, so nothing in them is trusted to fit."""

    import_seconds: float | None = None
    import_problem: str = ""
    tests: dict[str, TestResult] = field(default_factory=dict)
    status: int | None = None
    tests_seconds: float = 0.0

    def add(self, line: bytes) -> None:
        """Take one line in; one that says nothing we know is left out."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return
        match said:
            case {"import": float(seconds), "problem": str(problem)}:
                self.import_seconds, self.import_problem = seconds, problem
            case {"test": str(name), "passed": bool(passed), "message": str(message)} if len(self.tests) < MAX_TESTS:
                self.tests[name] = TestResult(name=name, passed=passed and self._so_far(name), message=message)
            case {"done": int(status), "seconds": float(seconds)}:
                self.status, self.tests_seconds = status, seconds

    def verification(self, ending: str, *, isolation: str, seconds: float, output: str) -> Verification:
        """What was found out.

        Args:
            ending: How the process ended where that is the reason for a missing report: `it took longer than 60 s`.
            seconds: From the word to go.
        """
        checks = [self._import_check(ending, seconds)]
        if checks[0].passed:
            checks.append(self._tests_check(ending, seconds))
        tests = tuple(self.tests.values())
        return Verification(
            passed=len(checks) == 2 and all(c.passed for c in checks), checks=tuple(checks), tests=tests, isolation=isolation, output=output
        )

    def _so_far(self, name: str) -> bool:
        """False if an earlier phase of the test failed."""
        return name not in self.tests or self.tests[name].passed

    def _import_check(self, ending: str, seconds: float) -> VerificationCheck:
        if self.import_seconds is None:
            return VerificationCheck(name=CheckName.IMPORT, passed=False, seconds=seconds, detail=f"pipeline.py was not imported: {ending}.")
        return VerificationCheck(name=CheckName.IMPORT, passed=not self.import_problem, seconds=self.import_seconds, detail=self.import_problem)

    def _tests_check(self, ending: str, seconds: float) -> VerificationCheck:
        failed = [t.name for t in self.tests.values() if not t.passed]
        passed = self.status == EXIT_OK and not failed and bool(self.tests)
        spent = self.tests_seconds if self.status is not None else seconds
        return VerificationCheck(name=CheckName.TESTS, passed=passed, seconds=spent, detail=self._tests_detail(failed, ending))

    def _tests_detail(self, failed: list[str], ending: str) -> str:
        done = f"{len(self.tests) - len(failed)} of {len(self.tests)} tests passed"
        if self.status is None:
            return f"The tests did not come to their end: {ending}. {done}."
        if self.status == EXIT_NO_TESTS or not self.tests:
            return "tests.py has no tests."
        if failed:
            return f"{done}; failed: {', '.join(failed[:5])}{' …' if len(failed) > 5 else ''}."
        return f"{done}." if self.status == EXIT_OK else f"pytest ended with exit code {self.status}. {done}."
