"""A language model that is asked for a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from tidemill.domain.values import FrozenModel

Progress = Callable[[int], None]
"""Told how many characters of an answer have come in so far."""


class Turn(FrozenModel):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Ask(FrozenModel):
    """What a model is asked."""

    rules: str
    """What holds for the whole conversation; no text of a user stands in it."""
    turns: tuple[Turn, ...]
    """Oldest first; the last one is the user's."""
    answer_schema: Mapping[str, object]
    """The JSON Schema of the answer. A model that cannot be held to it is asked for it in words."""


class Answer(FrozenModel):
    """What a model said."""

    text: str
    """Meant to be one JSON object; nothing about it is checked."""
    input_tokens: int = 0
    output_tokens: int = 0


class SpecProposer(Protocol):
    """Asks a model. No secret of the connection ever stands in an answer or in an error."""

    @property
    def engine(self) -> str:
        """Provider and model, such as `openai:gpt-x`."""

    async def propose(self, ask: Ask, *, progress: Progress | None = None) -> Answer:
        """The model's whole answer; cancelling the call ends the request.

        Raises:
            UpstreamUnavailable: The model cannot be reached, failed, or broke off in the middle of an answer.
            UpstreamTimeout: It did not answer in time.
            UpstreamThrottled: It asked to slow down.
            UpstreamRejected: It will not answer this: key, model name or request are not accepted, the content is refused, or the
                answer does not fit the limits.
        """
