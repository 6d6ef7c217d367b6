"""Keys come from the environment or a file and are never shown (P11, P15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.adapters.llm.provider_settings import ProviderSettings, read_provider_settings
from tidemill.errors import InvalidInput
from tidemill.settings import read_settings

VENDOR = "https://api.example.com/v1"
KEY = "sk-not-to-be-seen"


def read(**environment: str) -> ProviderSettings:
    return read_provider_settings({"TIDEMILL_OPENAI_MODEL": "m", **environment}, provider="openai", vendor_url=VENDOR)


def key_of(settings: ProviderSettings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key else None


@pytest.mark.parametrize("name", ["TIDEMILL_OPENAI_API_KEY", "OPENAI_API_KEY"])
def test_a_key_from_the_environment(name: str) -> None:
    assert key_of(read(**{name: KEY})) == KEY


def test_a_key_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    assert key_of(read(OPENAI_API_KEY_FILE=str(tmp_path / "key"))) == KEY


def test_the_vendors_key_does_not_go_to_another_server() -> None:
    assert key_of(read(OPENAI_API_KEY=KEY, TIDEMILL_OPENAI_BASE_URL="http://127.0.0.1:8080/v1")) is None


def test_a_local_server_needs_no_key() -> None:
    assert read(TIDEMILL_OPENAI_BASE_URL="http://127.0.0.1:8080/v1/").base_url == "http://127.0.0.1:8080/v1"


def test_settings_do_not_show_their_key() -> None:
    settings = read(OPENAI_API_KEY=KEY)
    assert KEY not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "TIDEMILL_OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_MODEL": ""}, "TIDEMILL_OPENAI_MODEL"),
        ({"OPENAI_API_KEY": f"{KEY}\nx"}, "not a key"),
        ({"OPENAI_API_KEY": f"{KEY} ü"}, "not a key"),
        ({"OPENAI_API_KEY_FILE": "/no/such/file"}, "cannot be read"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_BASE_URL": f"https://me:{KEY}@h/v1"}, "user or password"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_BASE_URL": f"https://h/v1?key={KEY}"}, "not the URL"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_BASE_URL": "ftp://h"}, "not the URL"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_BASE_URL": "http://[::1"}, "not the URL"),
        ({"OPENAI_API_KEY": KEY, "TIDEMILL_OPENAI_TIMEOUT_S": "soon"}, "TIDEMILL_OPENAI_TIMEOUT_S"),
    ],
)
def test_what_is_wrong_is_said_without_the_key(environment: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        read(**environment)
    assert KEY not in str(raised.value)


def test_a_models_variables_are_no_settings_of_the_server(tmp_path: Path) -> None:
    settings = read_settings({"TIDEMILL_OPENAI_API_KEY": KEY, "TIDEMILL_ANTHROPIC_MODEL": "m"}, working_folder=tmp_path)
    assert KEY not in settings.model_dump_json()
