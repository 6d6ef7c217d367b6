"""From plain language to a draft, and on to artifacts that were tried out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidemill.domain.artifact import ArtifactBundle
from tidemill.domain.draft import Draft
from tidemill.domain.finding import Finding, error, has_errors, warning
from tidemill.domain.verification import Verification
from tidemill.errors import InvalidInput, Unsupported
from tidemill.ports.drafter import Drafter
from tidemill.services.rendering import Renderer
from tidemill.services.verification import VerificationService

MAX_BRIEF_BYTES = 1_000_000
DETERMINISTIC = "none"
SOURCE_NOT_READ = "source-not-read"
"""The rule of a finding that every drafter gives itself."""


@dataclass(frozen=True)
class GrammarDrafter:
    """The drafter that needs no model."""

    read: Callable[[str, str | None], Draft]

    async def draft(self, brief: str, *, name: str | None = None) -> Draft:
        return await asyncio.to_thread(self.read, brief, name)


@dataclass(frozen=True)
class Generated:
    """A draft and what came of it."""

    draft: Draft
    bundle: ArtifactBundle | None = None
    """None if the draft has no spec or errors."""
    verification: Verification | None = None
    """None if nothing was tried out; a finding then says why."""

    @property
    def success(self) -> bool:
        """True if there are artifacts, and their own tests passed unless this machine cannot run them apart."""
        return self.bundle is not None and (self.verification is None or self.verification.passed)


@dataclass(frozen=True)
class DraftingService:
    """Reads briefs."""

    drafter: Drafter
    renderer: Renderer
    verification: VerificationService
    models: Mapping[str, Drafter] = field(default_factory=dict)
    """Drafters that ask a model, by provider."""

    async def draft(self, brief: str, *, name: str | None = None, provider: str = DETERMINISTIC) -> Draft:
        """The draft with the findings of drafter and checker.

        Raises:
            InvalidInput: The brief is empty, too large or not text, or there is no such provider.
        """
        _check_brief(brief)
        draft = await self._drafter(provider).draft(brief, name=name)
        if draft.spec is None:
            return draft
        checked = [f for f in await self.renderer.check(draft.spec) if f.rule != SOURCE_NOT_READ]
        return draft.model_copy(update={"findings": tuple(dict.fromkeys((*draft.findings, *checked)))})

    async def generate(self, brief: str, *, name: str | None = None, provider: str = DETERMINISTIC) -> Generated:
        """Draft, render, and try out in the sandbox; nothing is kept.

        Raises:
            InvalidInput: As `draft`.
        """
        await self.verification.sandbox.prepare()
        draft = await self.draft(brief, name=name, provider=provider)
        if draft.spec is None or has_errors(draft.findings):
            return Generated(draft)
        bundle, _ = await self.renderer.bundle(draft.spec)
        try:
            return Generated(draft, bundle, await self.verification.verify(bundle))
        except Unsupported as missing:
            return Generated(_with(draft, warning("no-sandbox", "", f"The tests were not run: {missing.message}")), bundle)

    def _drafter(self, provider: str) -> Drafter:
        if provider == DETERMINISTIC:
            return self.drafter
        if provider not in self.models:
            known = ", ".join((DETERMINISTIC, *self.models))
            raise _invalid(error("unknown-provider", "provider", f"There is no provider {provider!r} set up here.", f"Known: {known}."))
        return self.models[provider]


def _check_brief(brief: str) -> None:
    if not brief.strip():
        raise _invalid(error("empty-brief", "instructions", "The brief is empty.", "Say what to read, what to do with it and where to write it."))
    if len(brief.encode("utf-8", "surrogatepass")) > MAX_BRIEF_BYTES:
        said = f"The brief is larger than {MAX_BRIEF_BYTES // 1000} kB."
        raise _invalid(error("too-large", "instructions", said, "A pipeline's instructions fit on a page."))
    if "\0" in brief:
        raise _invalid(error("not-text", "instructions", "The brief is binary: it holds NUL characters.", "Send plain text."))


def _invalid(finding: Finding) -> InvalidInput:
    return InvalidInput(f"{finding.message} {finding.fix}", findings=(finding,))


def _with(draft: Draft, finding: Finding) -> Draft:
    return draft.model_copy(update={"findings": (*draft.findings, finding)})
