"""What a generated pipeline needs around it: environment variables, libraries, and which failures pass by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.connectors import (
    BigQueryDestination,
    BigQuerySource,
    GoogleSheetsDestination,
    GoogleSheetsSource,
    HttpJsonSource,
    MysqlDestination,
    MysqlSource,
    PostgresDestination,
    PostgresSource,
    SqliteDestination,
    SqliteSource,
)
from tidemill.render.connectors_py import scheme_of, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.render.plan import Plan

_POSTGRES = (PostgresSource, PostgresDestination)
_MYSQL = (MysqlSource, MysqlDestination)
_SQLITE = (SqliteSource, SqliteDestination)
_SHEETS = (GoogleSheetsSource, GoogleSheetsDestination)
_BIGQUERY = (BigQuerySource, BigQueryDestination)
_STORES = {
    "s3": ("s3fs", "AWS credentials as boto3 finds them; AWS_ENDPOINT_URL names another S3 server"),
    "gs": ("gcsfs", "Google application default credentials"),
    "gcs": ("gcsfs", "Google application default credentials"),
    "az": ("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and its credentials"),
    "abfs": ("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and its credentials"),
    "abfss": ("adlfs", "AZURE_STORAGE_ACCOUNT_NAME and its credentials"),
}
_HEAD = '''
def _is_transient(error: BaseException) -> bool:
    """True for what may well be gone in a moment; never for a file or a value that is wrong."""
'''
_ALWAYS = """
    if isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT):
        return True
"""
_HTTP = """
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 425, 429, 500, 502, 503, 504)
"""
_SHEET = """
    if isinstance(error, gspread.exceptions.APIError):
        return error.response.status_code in (408, 429, 500, 502, 503, 504)
"""
_SQL = """
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or bool(_TRANSIENT_SQL.search(str(error.orig)))
"""
_SQL_PATTERN = """
_TRANSIENT_SQL = re.compile(
    r"connection (refused|reset|timed out|timeout|was closed)|server closed|gone away|lost connection|can't connect"
    r"|deadlock|lock wait|database is locked|too many (connections|clients)|starting up|shutting down"
    r"|could not serialize|terminating connection",
    re.IGNORECASE,
)


"""


def transient_source(configs: Sequence[object]) -> str:
    """Source of `_is_transient` for a pipeline's connectors."""
    databases = any(isinstance(c, (*_POSTGRES, *_MYSQL, *_SQLITE)) for c in configs)
    parts, classes = [_ALWAYS], ["ConnectionError", "TimeoutError"]
    if any(isinstance(c, HttpJsonSource) for c in configs):
        parts.append(_HTTP)
        classes.append("httpx.TransportError")
    if any(isinstance(c, _SHEETS) for c in configs):
        parts.append(_SHEET)
        classes += ["requests.ConnectionError", "requests.Timeout", "google.auth.exceptions.TransportError"]
    if any(scheme_of(c) == "s3" for c in configs):
        classes += ["botocore.exceptions.ConnectionError", "botocore.exceptions.HTTPClientError"]
    if databases:
        parts.append(_SQL)
    body = "".join(p.strip("\n") + "\n" for p in parts)
    return (_SQL_PATTERN if databases else "") + f"{_HEAD}{body}    return isinstance(error, ({', '.join(classes)}))\n"


def libraries_of(plan: Plan) -> list[str]:
    """The packages that pipeline.py needs, as pip knows them."""
    configs = plan.configs
    wanted = {"ibis-framework[duckdb]", "tenacity"}
    if any(isinstance(c, (*_POSTGRES, *_MYSQL, *_SQLITE)) for c in configs):
        wanted.add("sqlalchemy")
    for package, kinds in (
        ("psycopg[binary]", _POSTGRES), ("pymysql", _MYSQL), ("gspread", _SHEETS), ("httpx", (HttpJsonSource,)), ("google-cloud-bigquery", _BIGQUERY),
    ):  # fmt: skip
        if any(isinstance(c, kinds) for c in configs):
            wanted.add(package)
    stores = {_STORES[scheme][0] for c in configs if (scheme := scheme_of(c)) in _STORES}
    return sorted(wanted | stores | ({"fsspec"} if stores else set()))


def environment_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Environment variables and what they are for, those of secrets first."""
    for step in plan.ends:
        for reference in secrets_of(step.config):
            kind, _, place = reference.partition(":")
            if kind == "env":
                yield place, f"a secret that `{step.name}` needs"
    configs = plan.configs
    for name in dict.fromkeys(said for c in configs if (said := _STORES.get(scheme_of(c), ("", ""))[1])):
        yield "Object store", name
    if any(isinstance(c, _BIGQUERY) for c in configs):
        yield "GOOGLE_APPLICATION_CREDENTIALS", "the service account file for BigQuery, unless other default credentials are there"
    yield "PIPELINE_ROOT", "the folder that relative paths start from (the working directory)"
    yield "PIPELINE_BACKEND", "an Ibis backend URL that runs the transforms (duckdb://)"
    yield "PIPELINE_LOG_FORMAT", "`json` for one JSON object per line on stdout (text)"


def secret_files_of(plan: Plan) -> list[tuple[str, str]]:
    """Files that hold credentials, with the step that reads them."""
    found = []
    for step in plan.ends:
        found += [(r.removeprefix("file:"), step.name) for r in secrets_of(step.config) if r.startswith("file:")]
        if path := getattr(step.config, "credentials_path", None):
            found.append((path, step.name))
    return list(dict.fromkeys(found))
