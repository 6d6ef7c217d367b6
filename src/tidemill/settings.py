"""`Settings`: everything an administrator can choose, read once from file < environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from tidemill.domain.finding import Finding, Severity
from tidemill.domain.nearest import suggest
from tidemill.domain.values import FrozenModel
from tidemill.errors import InvalidInput

FILE_NAME = "tidemill.yaml"
PREFIX = "TIDEMILL_"
MODEL_PREFIXES = ("TIDEMILL_OPENAI_", "TIDEMILL_ANTHROPIC_")
"""Variables of the models; read where a model is first asked, so that a key is in no settings that are shown or kept."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HttpSettings(FrozenModel):
    """Where the server listens."""

    host: str = "127.0.0.1"
    """A loopback address: there are no accounts yet, so nobody outside this machine may reach the server."""
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    """0 takes any free port."""

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        if host not in LOOPBACK:
            raise ValueError(f"{host!r} can be reached from outside this machine, and Tidemill has no accounts yet; use one of {', '.join(LOOPBACK)}")
        return host


class RunSettings(FrozenModel):
    """How runs are executed."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 4
    """Runs at the same time; the others wait, and so does a second run of the same pipeline."""
    cancel_grace_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """Between asking a pipeline to stop and ending it by force."""


class VerificationSettings(FrozenModel):
    """How drafts are tried out before they are offered."""

    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    allow_unsandboxed: bool = False
    """Run generated tests without a sandbox on a machine that has none; they then see what you see."""


class LogSettings(FrozenModel):
    """What Tidemill says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"
    """`auto` is plain lines on a terminal and JSON elsewhere."""


class Settings(FrozenModel):
    """Everything an administrator can choose."""

    project: Path
    """The folder that relative paths of pipelines mean; artifacts are in `pipeline_artifacts/` below it."""
    data: Path
    """Tidemill's own files: the database, the logs of runs."""
    database_url: SecretStr | None = None
    """`postgresql://user:password@host/database` or `sqlite:////path`; left out, a SQLite file in `data`."""
    allowed_folders: tuple[Path, ...] = ()
    """Folders outside the project that pipelines may read from and write to; in the environment separated by `:`."""
    http: HttpSettings = HttpSettings()
    runs: RunSettings = RunSettings()
    verification: VerificationSettings = VerificationSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="before")
    @classmethod
    def _data_beside_project(cls, given: object) -> object:
        if isinstance(given, dict) and "project" in given and not given.get("data"):
            return {**given, "data": Path(str(given["project"])) / ".tidemill"}
        return given

    @field_validator("project", "data")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("allowed_folders", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        return [f for f in given.split(os.pathsep) if f] if isinstance(given, str) else given

    @field_validator("allowed_folders")
    @classmethod
    def _all_absolute(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(f.expanduser().absolute() for f in folders)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("sqlite:", "postgresql:", "postgresql+psycopg:", "postgres:")):
            raise ValueError("a database URL starts with `sqlite:///` or `postgresql://`")
        return url

    @property
    def engine_lock(self) -> Path:
        """Held by the process that carries this project's runs."""
        return self.data / "engine.lock"

    @property
    def artifacts(self) -> Path:
        """The folder of all pipelines' artifact folders."""
        return self.project / "pipeline_artifacts"

    @property
    def database(self) -> str:
        """The URL of the database; holds a password where one was given."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'tidemill.sqlite'}"
        return self.database_url.get_secret_value()


def read_settings(environment: Mapping[str, str], *, working_folder: Path, flags: Mapping[str, object] | None = None) -> Settings:
    """The settings from `tidemill.yaml` in the project < environment < flags.

    Args:
        environment: `TIDEMILL_HTTP__PORT=8080` sets `http.port`; `TIDEMILL_CONFIG` names another file; variables without the prefix are ignored.
        working_folder: The project, unless `TIDEMILL_PROJECT` names another.
        flags: Nested like the file.

    Raises:
        InvalidInput: A value or a name is not allowed; the message never holds the value of a secret.
    """
    named = _nested(environment)
    folder = Path(str((flags or {}).get("project") or named.get("project") or working_folder)).expanduser()
    file = named.pop("config", None)
    values = _merged(_read_file(Path(str(file)) if file else folder / FILE_NAME, required=bool(file)), named)
    values = _merged({"project": folder, **values}, flags or {})
    try:
        return Settings.model_validate(values)
    except ValidationError as invalid:
        raise _invalid(invalid) from None


def from_machine(flags: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process: its environment and working folder."""
    return read_settings(os.environ, working_folder=Path.cwd(), flags=flags)


def prepare_data_folder(settings: Settings) -> None:
    """Make the data folder, readable by its owner only, and keep it out of version control.

    Raises:
        InvalidInput: The project is no folder, or the data folder cannot be made in it.
    """
    if not settings.project.is_dir():
        raise InvalidInput(f"The project folder {str(settings.project)!r} does not exist; make it, or set TIDEMILL_PROJECT to one that does.")
    try:
        _make_data_folder(settings)
    except OSError as failed:
        why = failed.strerror or failed
        raise InvalidInput(
            f"{str(settings.data)!r} cannot be written: {why}. Check its permissions and the free space, or set TIDEMILL_DATA."
        ) from failed


def _make_data_folder(settings: Settings) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.data.chmod(stat.S_IRWXU)
    ignore = settings.data / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def _nested(environment: Mapping[str, str]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name.startswith(MODEL_PREFIXES) or value == "":
            continue
        *parents, key = name.removeprefix(PREFIX).lower().split("__")
        here = nested
        for parent in parents:
            below = here.setdefault(parent, {})
            if not isinstance(below, dict):
                raise InvalidInput(f"`{name}` and `{PREFIX}{parent.upper()}` contradict each other; set one of them.")
            here = below
        here[key] = value
    return nested


def _read_file(path: Path, *, required: bool) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
        value = yaml.safe_load(text)
    except FileNotFoundError:
        if required:
            raise InvalidInput(f"The settings file {str(path)!r} does not exist.") from None
        return {}
    except (OSError, UnicodeError, yaml.YAMLError) as broken:
        raise InvalidInput(f"The settings file {str(path)!r} cannot be read: {broken}") from broken
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(f"The settings file {str(path)!r} must hold `name: value` lines, such as `http: {{port: 3000}}`.")
    return {str(k): v for k, v in value.items()}


def _merged(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged


def _invalid(invalid: ValidationError) -> InvalidInput:
    findings = []
    for e in invalid.errors(include_url=False, include_input=False):
        field = ".".join(str(p) for p in e["loc"])
        variable = PREFIX + "__".join(str(p) for p in e["loc"]).upper()
        if e["type"] == "extra_forbidden":
            message, fix = f"There is no setting `{field}` (`{variable}`).", suggest(str(e["loc"][-1]), _names(e["loc"][:-1]))
        else:
            message, fix = f"`{field}` (`{variable}`): {e['msg'].removeprefix('Value error, ')}.", ""
        findings.append(Finding(rule="setting", field=field, severity=Severity.ERROR, message=message, fix=fix))
    return InvalidInput("\n".join(f"{f.message} {f.fix}".rstrip() for f in findings), findings=findings)


def _names(parents: tuple[str | int, ...]) -> list[str]:
    model: object = Settings
    for parent in parents:
        model = Settings.model_fields[str(parent)].annotation if model is Settings and parent in Settings.model_fields else None
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, FrozenModel) else []
