"""Fixtures of the connector tests: real servers, one of each per session, and a project folder to run pipelines in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.connectors.programs import programs
from tests.connectors.tables import DRIVERS, Server
from tests.servers.databases import mariadb, postgres
from tests.servers.http_api import http_api
from tests.servers.object_store import s3
from tests.servers.sheets import google_sheets, write_credentials
from tidemill.adapter_registry import adapter
from tidemill.domain.finding import Severity
from tidemill.domain.pipeline_check import check_pipeline
from tidemill.domain.spec_yaml import load_spec
from tidemill.render.bundle import render_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.connectors.programs import Ended, Program, Programs
    from tests.servers.http_api import HttpApi
    from tests.servers.sheets import Spreadsheets


@dataclass
class Project:
    """A project folder with a pipeline's artifacts in `artifacts/`; runs start in the project folder."""

    folder: Path
    _programs: Programs
    environment: dict[str, str] = field(default_factory=dict)
    """Of the runs, on top of PATH and HOME."""

    def render(self, spec_text: str) -> Path:
        """Writes the artifacts of a spec as `tidemill render` does; gives the path of pipeline.py."""
        spec = load_spec(spec_text)
        assert [f.message for f in check_pipeline(spec) if f.severity is Severity.ERROR] == []
        adapter("bundle-folder")(render_bundle(spec, format_python=adapter("python-formatter")), self.folder / "artifacts", force=True)
        return self.folder / "artifacts" / "pipeline.py"

    def start(self, spec_text: str, *, waits: bool = False, file_limit: int | None = None) -> Program:
        """Starts the spec's pipeline.py."""
        return self.start_file(self.render(spec_text), waits=waits, file_limit=file_limit)

    def start_file(self, file: Path, *, waits: bool = False, file_limit: int | None = None) -> Program:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "*", **self.environment}
        return self._programs.start(file, folder=self.folder, environment=environment, waits=waits, file_limit=file_limit)

    def run(self, spec_text: str, *, file_limit: int | None = None) -> Ended:
        """Runs the spec's pipeline.py to its end, without the pauses between attempts."""
        return self.start(spec_text, file_limit=file_limit).wait()

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def text(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()


@pytest.fixture(scope="session")
def running_programs() -> Iterator[Programs]:
    with programs() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, running_programs: Programs) -> Project:
    return Project(tmp_path, running_programs)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    with mariadb() as url:
        yield url


@pytest.fixture(params=["postgres", "mysql"])
def server(request: pytest.FixtureRequest, project: Project) -> Server:
    """A real database server; its password is in the environment of the project's runs."""
    url = str(request.getfixturevalue("postgres_url" if request.param == "postgres" else "mariadb_url"))
    project.environment["DB_PASSWORD"] = str(sa.make_url(url).password)
    return Server(str(request.param), sa.make_url(url).set(drivername=DRIVERS[str(request.param)]))


@pytest.fixture
def postgres_server(postgres_url: str, project: Project) -> Server:
    """The PostgreSQL server, for what only PostgreSQL has."""
    url = sa.make_url(postgres_url)
    project.environment["DB_PASSWORD"] = str(url.password)
    return Server("postgres", url.set(drivername=DRIVERS["postgres"]))


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    with s3() as environment:
        yield environment


@pytest.fixture
def api(project: Project) -> Iterator[HttpApi]:
    project.environment["API_TOKEN"] = "t0ken-that-is-secret"
    with http_api() as running:
        yield running


@pytest.fixture(scope="session")
def sheets_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Spreadsheets, Path]]:
    folder = tmp_path_factory.mktemp("sheets")
    write_credentials(folder / "credentials.json")
    with google_sheets(folder) as running:
        yield running, folder / "credentials.json"


@pytest.fixture
def book(sheets_server: tuple[Spreadsheets, Path], project: Project) -> Spreadsheets:
    """The Sheets server holding no spreadsheet; the project has the credentials file and the way to the server."""
    running, credentials = sheets_server
    project.write("credentials.json", credentials.read_bytes())
    project.environment |= running.environment
    for held in (running.sheets, running.requests, running.fail_next):
        held.clear()
    return running
