"""Which model is asked, and with which key: read from the environment or from files, never from a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError

from tidemill.domain.finding import error
from tidemill.domain.values import FrozenModel
from tidemill.errors import InvalidInput

_MAX_KEY_BYTES = 8192


class ProviderSettings(FrozenModel):
    """How to reach one model."""

    provider: str
    """`openai` or `anthropic`."""
    model: str
    base_url: str
    api_key: SecretStr | None = None
    """None for a server that wants no key."""
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """For one answer as a whole."""
    max_tokens: Annotated[int, Field(ge=64, le=200_000)] = 8000
    """Of one answer; the sixteen-step pipelines of the examples take about 1,500."""
    max_answer_characters: Annotated[int, Field(ge=100)] = 200_000

    @property
    def engine(self) -> str:
        return f"{self.provider}:{self.model}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return (self.api_key.get_secret_value(),) if self.api_key else ()


def read_provider_settings(environment: Mapping[str, str], *, provider: str, vendor_url: str) -> ProviderSettings:
    """The settings of one provider.

    `TIDEMILL_OPENAI_MODEL`, `…_BASE_URL`, `…_API_KEY` or `…_API_KEY_FILE`, `…_TIMEOUT_S`, `…_MAX_TOKENS` are read, each of the
    first four also without `TIDEMILL_`. A key without the prefix goes only to the URL without the prefix, or to the vendor's own:
    it is never sent to a server that it was not given for.

    Raises:
        InvalidInput: Something needed is missing or not allowed; the message never holds the key.
    """
    name = provider.upper()
    own_url = environment.get(f"TIDEMILL_{name}_BASE_URL")
    base_url = own_url or environment.get(f"{name}_BASE_URL") or vendor_url
    _check_url(base_url, f"TIDEMILL_{name}_BASE_URL")
    key = _key(environment, f"TIDEMILL_{name}_API_KEY") or (None if own_url else _key(environment, f"{name}_API_KEY"))
    if key is None and base_url == vendor_url:
        raise _invalid(
            f"There is no key for {provider}.",
            f"Set TIDEMILL_{name}_API_KEY, or put the key into a file and name it in TIDEMILL_{name}_API_KEY_FILE.",
        )
    model = environment.get(f"TIDEMILL_{name}_MODEL") or environment.get(f"{name}_MODEL")
    if not model:
        raise _invalid(f"It is not said which model of {provider} to ask.", f"Set TIDEMILL_{name}_MODEL to its name.")
    limits = {
        field: environment[f"TIDEMILL_{name}_{field.upper()}"]
        for field in ("timeout_s", "max_tokens")
        if environment.get(f"TIDEMILL_{name}_{field.upper()}")
    }
    try:
        return ProviderSettings.model_validate({"provider": provider, "model": model, "base_url": base_url.rstrip("/"), "api_key": key, **limits})
    except ValidationError as invalid:
        wrong = invalid.errors(include_url=False, include_input=False)[0]
        raise _invalid(f"`TIDEMILL_{name}_{str(wrong['loc'][0]).upper()}`: {wrong['msg']}.", "Correct it or leave it out.") from None


def _key(environment: Mapping[str, str], name: str) -> SecretStr | None:
    text = environment.get(name, "").strip()
    if not text and (path := environment.get(f"{name}_FILE")):
        text, name = _read_key_file(path, f"{name}_FILE"), f"{name}_FILE"
    if text and not (text.isascii() and text.isprintable() and " " not in text):
        # such a key cannot be sent in a header, and the library that tries to says so with the key in its message
        raise _invalid(f"What `{name}` gives is not a key: it holds spaces, line breaks or letters outside ASCII.", "Copy the key again.")
    return SecretStr(text) if text else None


def _read_key_file(path: str, name: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            text = file.read(_MAX_KEY_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as failed:
        reason = failed.strerror if isinstance(failed, OSError) else "it is not text"
        raise _invalid(f"The key file {path!r} of `{name}` cannot be read: {reason}.", "Check the path and its permissions.") from None
    if not text:
        raise _invalid(f"The key file {path!r} of `{name}` is empty.", "Put the key into it.")
    return text


def _check_url(url: str, name: str) -> None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits, parts = False, urlsplit("")
    if parts.username or parts.password:
        raise _invalid(f"The URL in `{name}` holds a user or password.", "Take it out and give the key apart, so that it is kept secret.")
    if not fits or parts.query or parts.fragment:
        raise _invalid(f"`{name}` is not the URL of a model server.", "It looks like `https://host/v1`, without `?` and `#`.")


def _invalid(message: str, fix: str) -> InvalidInput:
    return InvalidInput(f"{message} {fix}", findings=(error("model-settings", "provider", message, fix),))
