"""Secrets are covered before a text leaves the machine (P11, P15)."""

from __future__ import annotations

import pytest

from tidemill.domain.redaction import redact, without


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://me:hunter2@db/x", "hunter2"),
        ("password: hunter2!", "hunter2!"),
        ("the password is hunter2", "hunter2"),
        ("API_KEY=abcdef123456", "abcdef123456"),
        ("api key is abcdef123456", "abcdef123456"),
        ("Authorization: Bearer abcdef123456789", "abcdef123456789"),
        ("use sk-abcdefghijklmnop1234", "sk-abcdefghijklmnop1234"),
        ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("ghp_abcdefghijklmnopqrstuvwxyz", "ghp_abcdefghijklmnopqrstuvwxyz"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "MIIB"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB", "MIIB"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJzdWIiOiIxIn0"),
    ],
)
def test_a_secret_is_covered(text: str, secret: str) -> None:
    assert secret not in redact(text).text


@pytest.mark.parametrize(
    "text",
    [
        "Keep rows where token_count is above 5 and drop the password column.",
        "passwordSecret: env:PG_PASSWORD",
        "secret: file:keys/pg.txt",
        "Read https://example.org/a.csv?page=2 and s3://bucket/key.csv",
        "Count rows per key and per basic customer",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text).text == text


def test_the_same_secret_has_the_same_number() -> None:
    redacted = redact("password: hunter2 … postgresql://a:hunter2@h/x … password: other99")
    assert redacted.text.count("[secret 1]") == 2
    assert redacted.count == 2


def test_a_long_text_takes_no_time() -> None:
    assert redact("password " * 100_000).count == 0


@pytest.mark.parametrize("shown", ["it is k/ey+1=", "it is k%2Fey%2B1%3D", "it is k/ey%2B1%3D"])
def test_a_known_secret_is_covered_in_every_form(shown: str) -> None:
    assert without(shown, ["k/ey+1="]) == "it is ***"
