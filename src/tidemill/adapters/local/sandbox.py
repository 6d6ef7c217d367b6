"""Imports and tests bundles on this machine, in bubblewrap or behind Landlock and seccomp."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.adapters.local.isolation import Isolation, find_bubblewrap, has_landlock
from tidemill.adapters.local.sandbox_cell import START_TIMEOUT_S, Cell, SandboxLimits
from tidemill.adapters.local.work_folder import remove_left_folders
from tidemill.errors import Unsupported, UpstreamUnavailable

if TYPE_CHECKING:
    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.verification import Verification

WARM_MODULES = (
    "ibis", "ibis.backends.duckdb", "pytest", "tenacity", "pandas", "ibis.formats.pandas", "pyarrow.dataset", "_pytest.main", "_pytest.python",
    "sqlalchemy", "httpx", "gspread", "fsspec",
)  # fmt: skip
"""What generated pipelines and their tests import, the most likely first; those that are not installed are left out."""
NOT_ISOLATED = (
    "This machine offers no isolation for code that nobody has read yet: bubblewrap is not installed or may not make namespaces, and the kernel has "
    "no Landlock. Install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`), or use a Linux kernel of 5.13 or later with Landlock; "
    "an administrator may allow verification without isolation in the settings."
)


class LocalSandboxSettings(SandboxLimits):
    """How the sandbox of this machine works."""

    isolations: tuple[Isolation, ...] = (Isolation.BUBBLEWRAP, Isolation.LANDLOCK)
    """Tried in this order."""
    allow_unsandboxed: bool = False
    """Verify with limits only where no isolation is to be had; an administrator's decision."""
    warm: bool = True
    """Import the libraries before the bundle is there."""
    keep_prepared: bool = False
    """Prepare the next sandbox after each verification; for a server."""


class LocalSandbox:
    """A `Sandbox` of processes on this machine; to be used from one event loop at a time."""

    def __init__(self, settings: LocalSandboxSettings | None = None) -> None:
        self._settings = settings or LocalSandboxSettings()
        self._isolation: tuple[Isolation, str] | None = None
        self._prepared: asyncio.Task[Cell] | None = None

    def isolation(self) -> Isolation:
        """What this machine offers, by trying it; asked once.

        Raises:
            Unsupported: Nothing, and it is not allowed to do without.
        """
        return self._find_isolation()[0]

    async def prepare(self) -> None:
        if self._prepared is None or self._prepared.get_loop() is not asyncio.get_running_loop():
            self._prepared = asyncio.create_task(self._open())
            await asyncio.sleep(0)

    async def verify(self, bundle: ArtifactBundle, *, timeout_s: float) -> Verification:
        cell = await self._take()
        try:
            return await cell.verify(bundle, timeout_s)
        finally:
            await cell.close()
            if self._settings.keep_prepared:
                await self.prepare()

    async def close(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared.get_loop() is not asyncio.get_running_loop():
            return
        with suppress(Unsupported, UpstreamUnavailable, asyncio.CancelledError):
            await (await prepared).close()

    async def _take(self) -> Cell:
        """The prepared sandbox if it still is good, else a new one."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared.get_loop() is asyncio.get_running_loop():
            cell = await prepared
            if cell.is_good:
                return cell
            await cell.close()
        return await self._open()

    async def _open(self) -> Cell:
        isolation, bwrap = await asyncio.to_thread(self._find_isolation)
        warm = WARM_MODULES if self._settings.warm else ()
        if warm:
            await asyncio.to_thread(write_bytecode)
        return await Cell.open(isolation, bwrap, limits=self._settings, warm=warm)

    def _find_isolation(self) -> tuple[Isolation, str]:
        if self._isolation is None:
            self._isolation = find_isolation(self._settings)
            remove_left_folders()
        return self._isolation


def find_isolation(settings: LocalSandboxSettings) -> tuple[Isolation, str]:
    """The first isolation that works here, and the path of bubblewrap if that is it.

    Raises:
        Unsupported: None works, and it is not allowed to do without.
    """
    for isolation in settings.isolations:
        if isolation is Isolation.BUBBLEWRAP and (bwrap := find_bubblewrap()):
            return isolation, bwrap
        if isolation is Isolation.LANDLOCK and has_landlock():
            return isolation, ""
    if settings.allow_unsandboxed:
        return Isolation.NONE, ""
    raise Unsupported(NOT_ISOLATED, capability="sandbox")


def write_bytecode() -> None:
    """Compile the libraries once where an installer left that to the first import: inside they are read-only, and every verification
    would spend seconds on it."""
    spec = find_spec("ibis")
    if spec is None or spec.origin is None or Path(cache_from_source(spec.origin)).exists() or not os.access(Path(spec.origin).parent, os.W_OK):
        return
    imports = "import contextlib, importlib\nfor m in {!r}:\n with contextlib.suppress(ImportError): importlib.import_module(m)"
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-I", "-c", imports.format(WARM_MODULES)], capture_output=True, check=False, timeout=START_TIMEOUT_S)
