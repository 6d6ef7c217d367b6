"""Settings: file < environment < flags, checked, and no secret in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.errors import InvalidInput
from tidemill.settings import prepare_data_folder, read_settings


def test_without_anything_the_project_is_the_working_folder_and_keeps_its_data_below(tmp_path: Path) -> None:
    settings = read_settings({}, working_folder=tmp_path)
    assert (settings.project, settings.data, settings.artifacts) == (tmp_path, tmp_path / ".tidemill", tmp_path / "pipeline_artifacts")
    assert (settings.http.host, settings.http.port, settings.database) == ("127.0.0.1", 3000, f"sqlite:///{tmp_path}/.tidemill/tidemill.sqlite")


def test_the_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path) -> None:
    (tmp_path / "tidemill.yaml").write_text("http: {port: 4000}\nruns: {concurrency: 7}\nlog: {level: error}\n")
    settings = read_settings({"TIDEMILL_HTTP__PORT": "5000", "TIDEMILL_LOG__LEVEL": "debug"}, working_folder=tmp_path, flags={"http": {"port": 6000}})
    assert (settings.http.port, settings.runs.concurrency, settings.log.level) == (6000, 7, "debug")


def test_the_project_named_by_the_environment_brings_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "tidemill.yaml").write_text("http: {port: 4000}\n")
    settings = read_settings({"TIDEMILL_PROJECT": str(tmp_path)}, working_folder=Path("/"))
    assert (settings.project, settings.http.port) == (tmp_path, 4000)


def test_a_setting_that_does_not_exist_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"There is no setting `http\.prot`.*Did you mean `port`\?"):
        read_settings({"TIDEMILL_HTTP__PROT": "1"}, working_folder=tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_an_address_that_others_can_reach_is_refused_as_long_as_there_are_no_accounts(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidInput, match="reached from outside this machine"):
        read_settings({"TIDEMILL_HTTP__HOST": host}, working_folder=tmp_path)


def test_a_database_of_another_kind_is_refused_without_telling_its_password(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="postgresql://") as refused:
        read_settings({"TIDEMILL_DATABASE_URL": "oracle://tide:hidden-word@host/x"}, working_folder=tmp_path)
    assert "hidden-word" not in str(refused.value)


def test_a_password_is_not_shown_with_the_settings(tmp_path: Path) -> None:
    settings = read_settings({"TIDEMILL_DATABASE_URL": "postgresql://tide:hidden-word@host/x"}, working_folder=tmp_path)
    assert "hidden-word" not in repr(settings)


@pytest.mark.parametrize("text", ["[1, 2]", "a: b: c", "\x00"])
def test_a_file_that_is_no_settings_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "tidemill.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=r"tidemill\.yaml"):
        read_settings({}, working_folder=tmp_path)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        read_settings({"TIDEMILL_CONFIG": str(tmp_path / "none.yaml")}, working_folder=tmp_path)


def test_the_data_folder_is_for_its_owner_only_and_stays_out_of_version_control(tmp_path: Path) -> None:
    settings = read_settings({}, working_folder=tmp_path)
    prepare_data_folder(settings)
    assert (settings.data.stat().st_mode & 0o777, (settings.data / ".gitignore").read_text()) == (0o700, "*\n")
