"""Every error Tidemill raises on purpose.

    TidemillError(message, **context)
    ├── InvalidInput(findings)                  422
    │   └── FormulaError                             a column formula that cannot be read or typed
    ├── Unauthenticated                         401
    ├── Forbidden                               403
    ├── NotFound                                404
    ├── Disabled                                404
    ├── Conflict                                409
    │   ├── StaleVersion                             somebody saved first
    │   └── IllegalTransition
    ├── Unsupported(capability)                 501
    ├── BudgetExceeded(retry_after_s)           429
    └── UpstreamError(service)                  502
        ├── UpstreamUnavailable                 503  retryable
        ├── UpstreamTimeout(timeout_s)          504  retryable
        ├── UpstreamThrottled(retry_after_s)    503  retryable
        └── UpstreamRejected                    502

An invalid spec is a tuple of findings, a failed run is a state, a sentence that was not understood is a reading:
those are answers and are returned. Status numbers are applied in `entrypoints/http/problems.py` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TidemillError(Exception):
    """Something a person can read and act on; `context` holds the parts of the message as values."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


class InvalidInput(TidemillError):
    """Input that breaks a rule; each broken rule is one finding.

    `findings` are `tidemill.domain.finding.Finding` values; typed loosely here because errors import nothing.
    """

    code = "invalid_input"

    def __init__(self, message: str, *, findings: Sequence[object] = (), **context: object) -> None:
        super().__init__(message, **context)
        self.findings = tuple(findings)


class FormulaError(InvalidInput):
    """A column formula that cannot be read or typed.

    Args:
        message: What is wrong, with the part of the formula that is.
        position: 0-based character offset in the formula text, None if it concerns the whole of it.
        fix: What to write instead.
    """

    code = "invalid_formula"

    def __init__(self, message: str, *, position: int | None = None, fix: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.fix = fix


class Unauthenticated(TidemillError):
    """Nobody is signed in."""

    code = "unauthenticated"


class Forbidden(TidemillError):
    """The caller is known and may not do this."""

    code = "forbidden"


class NotFound(TidemillError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"


class Disabled(TidemillError):
    """The integration behind this is switched off."""

    code = "disabled"


class Conflict(TidemillError):
    """The request does not fit the present state."""

    code = "conflict"


class StaleVersion(Conflict):
    """Somebody saved first; load again and repeat."""

    code = "stale_version"


class IllegalTransition(Conflict):
    """The state machine has no such move."""

    code = "illegal_transition"


class Unsupported(TidemillError):
    """The adapter said beforehand that it cannot do this."""

    code = "unsupported"


class BudgetExceeded(TidemillError):
    """A limit of ours (tokens, rate, size) is spent."""

    code = "budget_exceeded"

    def __init__(self, message: str, *, retry_after_s: float | None = None, **context: object) -> None:
        super().__init__(message, **context)
        self.retry_after_s = retry_after_s


class UpstreamError(TidemillError):
    """A service we called did not do what we asked."""

    code = "upstream_error"

    def __init__(self, message: str, *, service: str, **context: object) -> None:
        super().__init__(message, service=service, **context)
        self.service = service


class UpstreamUnavailable(UpstreamError):
    """The service could not be reached, or answered with a 5xx."""

    code = "upstream_unavailable"
    retryable = True


class UpstreamTimeout(UpstreamError):
    """The service did not answer within `timeout_s` seconds."""

    code = "upstream_timeout"
    retryable = True


class UpstreamThrottled(UpstreamError):
    """The service asked us to slow down."""

    code = "upstream_throttled"
    retryable = True

    def __init__(self, message: str, *, service: str, retry_after_s: float | None = None, **context: object) -> None:
        super().__init__(message, service=service, **context)
        self.retry_after_s = retry_after_s


class UpstreamRejected(UpstreamError):
    """The service understood and said no."""

    code = "upstream_rejected"


def unusable_storage(failed: OSError) -> UpstreamUnavailable:
    """What a person is told of a file that cannot be written or read where nothing more exact is known."""
    where = f"{str(failed.filename)!r}: " if failed.filename else ""
    said = f"{where}{failed.strerror or failed}. Check the free space and the permissions (`tidemill doctor` looks at both), then repeat."
    return UpstreamUnavailable(said, service="storage")
