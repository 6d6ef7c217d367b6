"""Errors of pydantic-ai, its SDKs and their HTTP client as ours, with no secret in them."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
from pydantic_ai import exceptions as ai

from tidemill.adapters.llm.provider_settings import ProviderSettings
from tidemill.domain.redaction import without
from tidemill.errors import UpstreamError, UpstreamRejected, UpstreamThrottled, UpstreamTimeout, UpstreamUnavailable

_SHOWN = 200
"""Characters of a server's own words: enough for the sentence that says what is wrong."""


class NotAStream(Exception):
    """The server answered without an error and with something else than a stream of events."""

    def __init__(self, status: int, body: bytes, target: str) -> None:
        super().__init__("the answer is not a stream of events")
        self.status = status
        self.body = body
        self.target = target
        """Where a redirect points to."""

    @property
    def is_completion(self) -> bool:
        """True if it is an ordinary answer: the server cannot stream."""
        return self.status == 200 and (b'"choices"' in self.body or b'"content"' in self.body)


FAILURES = (
    ai.AgentRunError, ai.UserError, httpx2.HTTPError, httpx2.InvalidURL, OSError, NotAStream,
    ValueError, TypeError, AttributeError, KeyError, IndexError,
)  # fmt: skip
"""What comes out of a request; the last five are how the SDKs fail on an answer of another shape than they know."""


def translated(failure: BaseException, settings: ProviderSettings) -> UpstreamError:
    """The most exact error of ours; raise it `from None`, since the chain below it can hold the key."""
    match failure:
        case UpstreamError():
            return failure
        case ai.ModelRequestTimeout() | ai.ModelTimeoutError():
            return _too_late(settings)
        case ai.ModelRateLimitError():
            return UpstreamThrottled(f"{settings.engine} asks to slow down (429).", service=settings.engine, retry_after_s=failure.retry_after)
        case ai.ModelConnectionError():
            return _connection(failure, settings)
        case ai.ModelAPIError():
            return _answered(failure, settings)
        case _:
            return _unreadable(failure, settings)


def said(body: object, settings: ProviderSettings) -> str:
    """A server's own words, one line, without secrets; starts with a space where there are any."""
    while isinstance(body, dict):
        body = body.get("message") or body.get("error") or body.get("detail") or ""
    # cover first and cut then: half a key would not be found any more
    text = without(re.sub(r"[\x00-\x1f\x7f-\x9f\s]+", " ", str(body or "")).strip(), settings.secrets)
    return f" It says: {text[:_SHOWN]!r}." if text else ""


def wrong_answer(other: NotAStream, settings: ProviderSettings) -> UpstreamError:
    """The error for an answer that is none."""
    if other.status >= 300:
        return _no(
            f"{settings.engine} points to another address{_host(other.target)}, where the key is not sent. Put that one into the base URL.",
            settings.engine,
        )
    try:
        body = json.loads(other.body)
    except ValueError:
        body = other.body.decode("utf-8", "replace")
    return UpstreamUnavailable(f"{settings.engine} answered 200 with something else than an answer.{said(body, settings)}", service=settings.engine)


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return f" ({host})" if host else ""


def _answered(failure: ai.ModelAPIError, settings: ProviderSettings) -> UpstreamError:
    """The server answered with an error."""
    name, engine, words = f"TIDEMILL_{settings.provider.upper()}", settings.engine, said(failure.body, settings)
    status = failure.status_code if isinstance(failure, ai.ModelHTTPError) else 0
    number = f" ({status})" if status else ""
    match failure:
        case ai.ModelAuthenticationError():
            return _no(f"{engine} rejected the key{number}.{words} Check {name}_API_KEY, and that it may use this model.", engine)
        case ai.ModelNotFoundError():
            return _no(f"{engine} is not known there{number}.{words} Check {name}_MODEL and {name}_BASE_URL.", engine)
        case ai.ModelQuotaExceededError():
            return _no(f"The quota of {engine} is spent{number}.{words} Top up the account or use another key.", engine)
        case ai.ModelContextWindowExceededError():
            return _no(f"The brief is too long for {engine}{number}.{words} Shorten it, or use a model that reads more.", engine)
        case ai.ModelUnavailableError() | ai.ModelServerError():
            return UpstreamUnavailable(f"{engine} failed{number}.{words}", service=engine)
    if isinstance(failure, ai.ModelRequestRejectedError) or 300 <= status < 500:
        return UpstreamRejected(f"{engine} did not accept the request{number}.{words}", service=engine, status=status)
    return UpstreamUnavailable(f"{engine} answered with an error{number}.{words}", service=engine)


def _connection(failure: ai.ModelConnectionError, settings: ProviderSettings) -> UpstreamError:
    engine, host = settings.engine, httpx2.URL(settings.base_url).netloc.decode("ascii", "replace")
    causes = tuple(_chain(failure))
    words = " ".join(str(c) for c in causes).lower()
    if any(isinstance(c, ssl.SSLError) for c in causes) or "certificate" in words or "ssl" in words:
        fix = "Check the URL, or name the issuer's certificate in SSL_CERT_FILE."
        return _no(f"No safe connection to {host} could be made, its certificate is not trusted; {engine} was not asked. {fix}", engine)
    if any(isinstance(c, socket.gaierror) for c in causes) or "name resolution" in words or "not known" in words:
        return UpstreamUnavailable(f"{engine} cannot be reached: there is no host {host!r}.", service=engine)
    if failure.phase == "read":
        return UpstreamUnavailable(f"{engine} broke off in the middle of its answer.", service=engine)
    reason = "connection refused" if "refused" in words or "all connection attempts failed" in words else "no connection"
    return UpstreamUnavailable(f"{engine} cannot be reached at {host!r}: {reason}.", service=engine)


def _unreadable(failure: BaseException, settings: ProviderSettings) -> UpstreamError:
    if isinstance(failure, ai.ContentFilterError):
        return _no(f"{settings.engine} refused: its content filter stopped the answer.", settings.engine)
    if isinstance(failure, httpx2.TimeoutException):
        return _too_late(settings)
    if isinstance(failure, httpx2.TransportError):
        return UpstreamUnavailable(f"{settings.engine} broke off in the middle of its answer.", service=settings.engine)
    return UpstreamUnavailable(f"{settings.engine} gave an answer that cannot be read ({type(failure).__name__}).", service=settings.engine)


def _too_late(settings: ProviderSettings) -> UpstreamTimeout:
    said = f"{settings.engine} did not answer: time-out after {settings.timeout_s:g} s."
    return UpstreamTimeout(said, service=settings.engine, timeout_s=settings.timeout_s)


def _no(message: str, engine: str) -> UpstreamRejected:
    return UpstreamRejected(message, service=engine)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    here: BaseException | None = failure
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        yield here
        here = here.__cause__ or here.__context__


def not_a_stream(failure: BaseException) -> NotAStream | None:
    """The reason, if it is that the server does not stream."""
    return next((c for c in _chain(failure) if isinstance(c, NotAStream)), None)
