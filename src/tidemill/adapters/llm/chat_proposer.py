"""Asks a chat model through pydantic-ai: streamed, bounded, and held to a JSON Schema where the server can do that."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx2
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from tidemill.adapters.llm.provider_settings import ProviderSettings
from tidemill.adapters.llm.upstream_errors import FAILURES, NotAStream, not_a_stream, said, translated, wrong_answer
from tidemill.domain.redaction import without
from tidemill.errors import UpstreamError, UpstreamRejected, UpstreamUnavailable
from tidemill.ports.spec_proposer import Answer, Ask, Progress

Output = Literal["schema", "tool", "words"]
"""How the answer is held to its shape: `schema` by `response_format`, `tool` by the arguments of a tool, `words` by asking for it."""

_TOOL = "propose_pipeline"
_CONNECT_S = 10.0
_MAX_ERROR_BYTES = 65_536


@dataclass
class ChatProposer:
    """A `SpecProposer` over one chat model.

    It learns two things from a server and keeps them for later calls: that it cannot hold an answer to a schema, and that it
    cannot stream.
    """

    settings: ProviderSettings
    build: Callable[[ProviderSettings, httpx2.AsyncClient], Model]
    output: Output
    tuning: ModelSettings = field(default_factory=ModelSettings)
    streams: bool = True

    @property
    def engine(self) -> str:
        return self.settings.engine

    async def propose(self, ask: Ask, *, progress: Progress | None = None) -> Answer:
        """See `SpecProposer.propose`."""
        try:
            return await self._propose(ask, progress)
        except UpstreamRejected as rejected:
            if self.output != "schema" or not _is_about_schema(rejected):
                raise
            self.output = "words"
        return await self._propose(ask, progress)

    async def _propose(self, ask: Ask, progress: Progress | None) -> Answer:
        """One request, or two where the server turns out not to stream."""
        async with _client(self.settings) as client:
            try:
                response = await self._response(self.build(self.settings, client), ask, progress)
            except UpstreamError:
                raise
            except FAILURES as failure:
                other = not_a_stream(failure)
                if other is None or not other.is_completion:
                    raise (
                        wrong_answer(other, self.settings) if other else translated(failure, self.settings)
                    ) from None  # the chain can hold the key
                self.streams = False
            else:
                return self._answer(response)
        return await self._propose(ask, progress)

    async def _response(self, model: Model, ask: Ask, progress: Progress | None) -> ModelResponse:
        messages, parameters = _messages(ask), _parameters(ask, self.output)
        settings = ModelSettings(**{**self.tuning, "max_tokens": self.settings.max_tokens, "request_timeout": self.settings.timeout_s})
        if not self.streams:
            return await model_request(model, messages, model_settings=settings, model_request_parameters=parameters)
        async with model_request_stream(model, messages, model_settings=settings, model_request_parameters=parameters) as stream:
            await self._follow(stream, progress)
            return stream.get()

    async def _follow(self, stream: StreamedResponse, progress: Progress | None) -> None:
        received = 0
        async for event in stream:
            received += _length(event)
            if received > self.settings.max_answer_characters:
                raise UpstreamRejected(
                    f"{self.engine} gave an answer longer than {self.settings.max_answer_characters} characters.", service=self.engine
                )
            if progress:
                progress(received)

    def _answer(self, response: ModelResponse) -> Answer:
        """The text of a whole answer.

        Raises:
            UpstreamRejected: It was refused, cut at the token limit, or empty.
            UpstreamUnavailable: It broke off.
        """
        text = "".join(_text(p) for p in response.parts)
        details = response.provider_details or {}
        if response.finish_reason == "content_filter":
            raise UpstreamRejected(f"{self.engine} refused to answer.{said(details.get('refusal'), self.settings)}", service=self.engine)
        if response.finish_reason == "length":
            limit = f"TIDEMILL_{self.settings.provider.upper()}_MAX_TOKENS"
            raise UpstreamRejected(
                f"{self.engine} did not finish within {self.settings.max_tokens} tokens; raise {limit}, or shorten the brief.", service=self.engine
            )
        if self.streams and not details.get("finish_reason") and (self.output == "tool" or not _is_json(text)):
            # some OpenAI-compatible servers never say that they are done, so there a whole document is taken as the end
            raise UpstreamUnavailable(f"{self.engine} broke off in the middle of its answer.", service=self.engine)
        if text.strip() in ("", "{}"):
            raise UpstreamRejected(f"{self.engine} gave an empty answer.", service=self.engine)
        if len(text) > self.settings.max_answer_characters:
            raise UpstreamRejected(f"{self.engine} gave an answer longer than {self.settings.max_answer_characters} characters.", service=self.engine)
        usage = response.usage
        return Answer(text=without(text, self.settings.secrets), input_tokens=usage.input_tokens or 0, output_tokens=usage.output_tokens or 0)


def _client(settings: ProviderSettings) -> httpx2.AsyncClient:
    """No redirect is followed: a key goes to the host it was given for and nowhere else."""
    timeout = httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s))
    return httpx2.AsyncClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [_check_answer]})


async def _check_answer(response: httpx2.Response) -> None:
    """Notices a streamed request that is not answered by a stream, before the SDK reads it as an empty one."""
    asked_for_stream = b'"stream":true' in response.request.content.replace(b" ", b"")
    kind = response.headers.get("content-type", "")
    if response.is_redirect or (asked_for_stream and response.is_success and "event-stream" not in kind):
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_ERROR_BYTES:
                break
        raise NotAStream(response.status_code, body, response.headers.get("location", ""))


def _messages(ask: Ask) -> list[ModelMessage]:
    return [
        ModelRequest(parts=[UserPromptPart(t.text)], instructions=ask.rules) if t.role == "user" else ModelResponse(parts=[TextPart(t.text)])
        for t in ask.turns
    ]  # fmt: skip


def _parameters(ask: Ask, output: Output) -> ModelRequestParameters:
    schema = dict(ask.answer_schema)
    if output == "schema":
        # not strict: OpenAI's strict mode has no maps with free keys, which `filter` and `rename` are
        shape = OutputObjectDefinition(json_schema=schema, name=_TOOL, strict=False)
        return ModelRequestParameters(output_mode="native", output_object=shape)
    if output == "tool":
        tool = ToolDefinition(
            name=_TOOL, parameters_json_schema=schema, description="Hand in the pipeline and the readings.", strict=False, kind="output"
        )
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)
    return ModelRequestParameters()


def _text(part: object) -> str:
    if isinstance(part, ToolCallPart):
        return part.args if isinstance(part.args, str) else part.args_as_json_str()
    return part.content if isinstance(part, TextPart) else ""


def _length(event: object) -> int:
    if isinstance(event, PartStartEvent):
        part = event.part
        return len(part.args_as_json_str()) if isinstance(part, ToolCallPart) and part.args else len(getattr(part, "content", "") or "")
    if isinstance(event, PartDeltaEvent):
        delta = event.delta
        if isinstance(delta, (TextPartDelta, ThinkingPartDelta)):
            return len(delta.content_delta or "")
        if isinstance(delta, ToolCallPartDelta):
            return len(str(delta.args_delta or ""))
    return 0


def _is_about_schema(rejected: UpstreamRejected) -> bool:
    words = ("response_format", "json_schema", "schema", "grammar", "structured", "guided")
    return rejected.context.get("status") in (400, 415, 422, 501) and any(w in rejected.message.lower() for w in words)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
