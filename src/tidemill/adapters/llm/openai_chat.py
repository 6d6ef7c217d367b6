"""Any server that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from tidemill.adapters.llm.chat_proposer import ChatProposer
from tidemill.adapters.llm.provider_settings import ProviderSettings, read_provider_settings
from tidemill.adapters.llm.retrying import RetryingProposer
from tidemill.ports.spec_proposer import SpecProposer

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai.models import Model

VENDOR_URL = "https://api.openai.com/v1"


def connect(environment: Mapping[str, str]) -> SpecProposer:
    """A proposer for the model that the environment names; nothing is sent yet.

    Raises:
        InvalidInput: The key or the model is missing.
    """
    settings = read_provider_settings(environment, provider="openai", vendor_url=VENDOR_URL)
    # the newest models of the vendor refuse a temperature; other servers' small models need 0 to repeat names faithfully
    tuning = ModelSettings() if settings.base_url == VENDOR_URL else ModelSettings(temperature=0.0)
    return RetryingProposer(ChatProposer(settings, build=_build, output="schema", tuning=tuning))


def _build(settings: ProviderSettings, client: httpx2.AsyncClient) -> Model:
    # no retries in the SDK: they would multiply with ours, and do not know of our limits
    key = settings.api_key.get_secret_value() if settings.api_key else "none"
    sdk = AsyncOpenAI(base_url=settings.base_url, api_key=key, http_client=client, max_retries=0, organization=None, project=None)
    provider = (
        OpenAIProvider(openai_client=sdk) if settings.base_url == VENDOR_URL else OpenAICompatibleProvider("openai-compatible", openai_client=sdk)
    )
    return OpenAIChatModel(settings.model, provider=provider)
