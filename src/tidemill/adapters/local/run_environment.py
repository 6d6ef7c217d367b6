"""The environment variables that a pipeline gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAIN = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "JAVA_HOME",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
})  # fmt: skip
"""What programs need to find their files and the network; holds no secret but perhaps a proxy's password, which they need."""
PLAIN_PREFIXES = ("LC_", "PIPELINE_", "OMP_")
CLOUD_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "s3://": ("AWS_",), "gs://": ("GOOGLE_", "GCLOUD_", "CLOUDSDK_"), "az://": ("AZURE_",), "abfs://": ("AZURE_",),
    "bigquery": ("GOOGLE_", "CLOUDSDK_"),
}  # fmt: skip
"""Which variables a kind of storage is signed in with; given only to a pipeline that uses it."""
SECRET_PREFIX = "env:"  # noqa: S105 - the mark of a reference, not a secret


def run_environment(config: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The part of `environment` that the pipeline with this `config.yaml` may see, and the settings of a run under Tidemill.

    Args:
        config: Text of `config.yaml`; only variables that its secret references name are added to the plain ones.
        environment: All there is.
    """
    texts = tuple(_texts(_load(config)))
    named = {t.removeprefix(SECRET_PREFIX) for key, t in texts if key.lower().endswith("secret") and t.startswith(SECRET_PREFIX)}
    cloud = tuple(p for mark, prefixes in CLOUD_PREFIXES.items() if any(t.startswith(mark) for _, t in texts) for p in prefixes)
    prefixes = (*PLAIN_PREFIXES, *cloud)
    seen = {k: v for k, v in environment.items() if k in PLAIN or k in named or k.startswith(prefixes)}
    return {**seen, "PIPELINE_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _load(config: str) -> object:
    """The file as plain values; nothing if it is no YAML: the pipeline then sees the plain variables only."""
    try:
        return yaml.safe_load(config)
    except (yaml.YAMLError, RecursionError):
        return None


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the document with the key it stands under; in a list, the list's key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for k, v in value.items():
            yield from _texts(v, str(k))
    elif isinstance(value, list):
        for v in value:
            yield from _texts(v, key)
