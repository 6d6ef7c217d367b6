"""Drafting with a model from the command line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tidemill.adapter_registry import adapter
from tidemill.entrypoints.cli_output import ERR
from tidemill.services.model_drafting import ModelDrafter

if TYPE_CHECKING:
    from tidemill.domain.draft import Draft
    from tidemill.domain.pipeline_check import CheckContext
    from tidemill.domain.proposal_check import ReadSchema
    from tidemill.ports.spec_proposer import SpecProposer

PROVIDERS = ("openai", "anthropic")


def draft_with_model(brief: str, provider: str, *, name: str | None, context: CheckContext, read_schema: ReadSchema) -> Draft:
    """A draft by the model that the environment names, with a line on a terminal that says how far it is.

    Raises:
        InvalidInput: The key or the name of the model is missing.
    """
    drafter = ModelDrafter(connect=partial(_connect, provider), read_schema=read_schema, context=context)
    with _progress(provider) as progress:
        return asyncio.run(drafter.draft(brief, name=name, progress=progress))


def _connect(provider: str) -> SpecProposer:
    proposer: SpecProposer = adapter(f"model-proposer:{provider}")(os.environ)
    return proposer


@contextmanager
def _progress(provider: str) -> Iterator[Callable[[int], None]]:
    with ERR.status(f"asking {provider} …") as status:
        yield lambda received: status.update(f"{provider} answers … {received:,} characters")
