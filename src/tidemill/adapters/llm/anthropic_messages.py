"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anthropic import AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from tidemill.adapters.llm.chat_proposer import ChatProposer
from tidemill.adapters.llm.provider_settings import ProviderSettings, read_provider_settings
from tidemill.adapters.llm.retrying import RetryingProposer
from tidemill.ports.spec_proposer import SpecProposer

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai.models import Model

VENDOR_URL = "https://api.anthropic.com"


def connect(environment: Mapping[str, str]) -> SpecProposer:
    """A proposer for the model that the environment names; nothing is sent yet.

    Raises:
        InvalidInput: The key or the model is missing.
    """
    settings = read_provider_settings(environment, provider="anthropic", vendor_url=VENDOR_URL)
    # a tool, since the vendor's structured output has limits on a schema that ours does not keep
    return RetryingProposer(ChatProposer(settings, build=_build, output="tool"))


def _build(settings: ProviderSettings, client: httpx2.AsyncClient) -> Model:
    key = settings.api_key.get_secret_value() if settings.api_key else "none"
    sdk = AsyncAnthropic(base_url=settings.base_url, api_key=key, http_client=client, max_retries=0)
    return AnthropicModel(settings.model, provider=AnthropicProvider(anthropic_client=sdk))
