"""A pipeline sees the plain variables and those that its spec names (P4)."""

from __future__ import annotations

import pytest

from tidemill.adapters.local.run_environment import run_environment

ALWAYS = {"PIPELINE_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def seen(config: str, **environment: str) -> dict[str, str]:
    return {k: v for k, v in run_environment(config, environment).items() if k not in ALWAYS}


def test_plain_variables_are_seen():
    assert seen("", PATH="/bin", LC_ALL="C", PIPELINE_BACKEND="duckdb://", SECRET="x") == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PIPELINE_BACKEND": "duckdb://",
    }


@pytest.mark.parametrize("key", ["secret", "passwordSecret", "urlSecret", "password_secret"])
def test_a_variable_that_a_secret_reference_names_is_seen(key):
    assert seen(f"steps: [{{config: {{auth: {{{key}: 'env:TOKEN'}}}}}}]", TOKEN="t", OTHER="o") == {"TOKEN": "t"}


def test_a_text_that_only_looks_like_a_reference_is_none():
    assert seen("steps: [{config: {table: 'env:TOKEN'}}]", TOKEN="t") == {}


@pytest.mark.parametrize("config", ["", "a: [", "5", "- env:TOKEN", "[" * 10_000, "\0", "!!python/object/apply:os.system [ls]"])
def test_a_config_that_cannot_be_read_names_nothing(config):
    assert seen(config, TOKEN="t", PATH="/bin") == {"PATH": "/bin"}


def test_clouds_are_told_apart():
    environment = {"AWS_SECRET_ACCESS_KEY": "a", "GOOGLE_APPLICATION_CREDENTIALS": "g", "AZURE_STORAGE_KEY": "z"}
    assert seen("path: gs://bucket/x.csv", **environment) == {"GOOGLE_APPLICATION_CREDENTIALS": "g"}


def test_bigquery_uses_googles_credentials():
    assert seen("connector: bigquery", GOOGLE_APPLICATION_CREDENTIALS="g") == {"GOOGLE_APPLICATION_CREDENTIALS": "g"}
