"""Adapters by name, imported only when asked for, so that a command pays for what it uses."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ADAPTERS = {
    "schema-reader": "tidemill.adapters.local.schema_reader:read_schema",
    "project-check": "tidemill.adapters.local.project_check:check_project",
    "python-formatter": "tidemill.adapters.local.formatter:format_python",
    "bundle-folder": "tidemill.adapters.local.bundle_folder:write_bundle",
    "database": "tidemill.adapters.sql.unit_of_work:connect",
    "database-schema": "tidemill.adapters.sql.schema:bring_up_to_date",
    "store": "tidemill.adapters.sql.unit_of_work:SqlStore",
    "engine-lock": "tidemill.adapters.sql.engine_lock:take_engine_lock",
    "process-lock": "tidemill.adapters.local.process_lock:take_process_lock",
    "process-lock-holder": "tidemill.adapters.local.process_lock:process_lock_holder",
    "artifact-store": "tidemill.adapters.local.artifact_store:LocalArtifactStore",
    "local-run-settings": "tidemill.adapters.local.run_backend:LocalRunSettings",
    "local-run-backend": "tidemill.adapters.local.run_backend:LocalRunBackend",
    "durable-engine": "tidemill.adapters.dbos_engine:DbosEngine",
    "sandbox-settings": "tidemill.adapters.local.sandbox:LocalSandboxSettings",
    "sandbox": "tidemill.adapters.local.sandbox:LocalSandbox",
    "model-proposer:openai": "tidemill.adapters.llm.openai_chat:connect",
    "model-proposer:anthropic": "tidemill.adapters.llm.anthropic_messages:connect",
}


def adapter(name: str) -> Any:
    """The class or function registered under `name`.

    Raises:
        KeyError: No adapter has that name.
    """
    module, _, attribute = _ADAPTERS[name].partition(":")
    return getattr(import_module(module), attribute)
