"""Compiles, imports and tests a bundle before it is offered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.verification import check_syntax, compile_failed, with_compile

if TYPE_CHECKING:
    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.verification import Verification
    from tidemill.ports.sandbox import Sandbox


@dataclass(frozen=True)
class VerificationService:
    """Says of a bundle what passed and what did not."""

    sandbox: Sandbox
    timeout_s: float = 60.0
    """For import and tests together: thirty times what the example of the seed needs."""

    async def verify(self, bundle: ArtifactBundle) -> Verification:
        """Compile, then import, then run the tests; a check that fails stops the rest.

        Raises:
            Unsupported: This machine has no means of isolation; the text says what to install.
        """
        begun = time.perf_counter()
        problem = check_syntax(bundle)
        seconds = time.perf_counter() - begun
        if problem:
            return compile_failed(problem, seconds, bundle.untested)
        return with_compile(await self.sandbox.verify(bundle, timeout_s=self.timeout_s), seconds, bundle.untested)
