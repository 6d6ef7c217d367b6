"""`ArtifactStore` on the local disk."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.errors import Conflict, NotFound, UpstreamUnavailable

ARTIFACT_NAMES = ("config.yaml", "pipeline.py", "tests.py", "EXECUTION_STRATEGY.md", "README.md", ".gitignore")
MAX_ARTIFACT_BYTES = 4 * 1024 * 1024
"""Ten times the largest pipeline.py of 500 steps."""
STAGED = ".staged"


@dataclass(frozen=True)
class LocalArtifactStore:
    """Pipelines' folders below `root`, copies of bundles below `copies`."""

    root: Path
    copies: Path

    async def save(self, pipeline_id: str, bundle: ArtifactBundle) -> None:
        await asyncio.to_thread(self._save, pipeline_id, bundle)

    async def load(self, pipeline_id: str) -> ArtifactBundle | None:
        return await asyncio.to_thread(self._load, pipeline_id)

    async def exists(self, pipeline_id: str) -> bool:
        return await asyncio.to_thread(os.path.lexists, self._folder(pipeline_id))

    async def remove(self, pipeline_id: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self._folder(pipeline_id), ignore_errors=True)

    async def keep(self, bundle: ArtifactBundle) -> str:
        await asyncio.to_thread(self._keep, bundle)
        return bundle.digest

    async def kept(self, digest: str) -> ArtifactBundle:
        return await asyncio.to_thread(self._kept, digest)

    def _save(self, pipeline_id: str, bundle: ArtifactBundle) -> None:
        """Write everything beside the files first; the rename of that folder is the moment at which the change counts."""
        folder = self._folder(pipeline_id)
        draft = folder / f"{STAGED}.draft"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _finish_save(folder)
            shutil.rmtree(draft, ignore_errors=True)
            for artifact in bundle.artifacts:
                _write(_inside(draft, artifact.path), artifact.text)
            (folder / "logs").mkdir(exist_ok=True)
            draft.rename(folder / STAGED)
            _finish_save(folder)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise _unwritable(folder, error) from error

    def _load(self, pipeline_id: str) -> ArtifactBundle | None:
        folder = self._folder(pipeline_id)
        if not folder.is_dir():
            return None
        _finish_save(folder)
        names = [n for n in ARTIFACT_NAMES if (folder / n).is_file()]
        further = sorted(p.name for p in folder.glob("*.py") if p.is_file() and p.name not in ARTIFACT_NAMES)
        return ArtifactBundle(artifacts=tuple(Artifact(path=n, text=_read(folder / n)) for n in (*names, *further)))

    def _keep(self, bundle: ArtifactBundle) -> None:
        path = self.copies / f"{bundle.digest}.json"
        if path.exists():
            return
        try:
            _write(path.with_suffix(f".{os.getpid()}.draft"), bundle.model_dump_json())
            path.with_suffix(f".{os.getpid()}.draft").replace(path)
        except OSError as error:
            raise _unwritable(self.copies, error) from error

    def _kept(self, digest: str) -> ArtifactBundle:
        try:
            return ArtifactBundle.model_validate_json((self.copies / f"{digest}.json").read_bytes())
        except FileNotFoundError:
            raise NotFound(f"The artifacts {digest[:12]!r} of this run are no longer there.", digest=digest) from None

    def _folder(self, pipeline_id: str) -> Path:
        return self.root / pipeline_id


def _finish_save(folder: Path) -> None:
    """Move what a save has staged into place; also the rest of a save that a crash cut short."""
    staged = folder / STAGED
    if not staged.is_dir():
        return
    for path in sorted(p for p in staged.rglob("*") if p.is_file()):
        target = folder / path.relative_to(staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    shutil.rmtree(staged)


def _inside(folder: Path, path: str) -> Path:
    if ".." in PurePosixPath(path).parts:
        raise Conflict(f"The artifact path {path!r} leaves its folder.", path=path)
    return folder / path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_ARTIFACT_BYTES:
            raise Conflict(f"`{path}` is larger than {MAX_ARTIFACT_BYTES // 2**20} MiB; that is no artifact of a pipeline.", path=str(path))
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeError:
        raise Conflict(f"`{path}` is not UTF-8 text; save it as UTF-8.", path=str(path)) from None
    except OSError as error:
        raise Conflict(f"`{path}` cannot be read: {error.strerror or error}.", path=str(path)) from error


def _unwritable(folder: Path, error: OSError) -> UpstreamUnavailable:
    return UpstreamUnavailable(f"`{folder}` cannot be written: {error.strerror or error}.", service="disk")
