"""Writes a bundle into a folder, file by file, each of them whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from tidemill.domain.finding import error
from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from tidemill.domain.artifact import ArtifactBundle

_MARK = "config.yaml"
"""A folder that holds this file is taken for an artifact folder and may be written over."""


def write_bundle(bundle: ArtifactBundle, folder: Path, *, force: bool = False) -> None:
    """Writes the bundle's files; further files in the folder (`logs/`) stay.

    Args:
        bundle: What is written.
        folder: Made if missing.
        force: Write into a folder that is not empty and is no artifact folder.

    Raises:
        InvalidInput: `folder` is a file or a folder of something else, or cannot be written.
    """
    if folder.is_dir() and not force and not (folder / _MARK).exists() and any(folder.iterdir()):
        raise _unusable(folder, "is not empty and holds no config.yaml", "Choose an empty folder, or give --force.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for artifact in bundle.artifacts:
            _write(folder / artifact.path, artifact.text)
    except OSError as failed:
        raise _unusable(folder, f"cannot be written: {failed.strerror or failed}", "Check the path, its permissions and the free space.") from failed


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
        try:
            temporary.write(text)
            temporary.flush()
            os.fsync(temporary.fileno())
            Path(temporary.name).chmod(0o644)
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise


def _unusable(folder: Path, why: str, fix: str) -> InvalidInput:
    finding = error("output-folder", "out", f"`{folder}` {why}.", fix)
    return InvalidInput(f"{finding.message} {finding.fix}", findings=(finding,))
