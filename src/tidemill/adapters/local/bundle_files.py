"""A bundle unpacked into a folder of its own, to be run and thrown away."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from tidemill.domain.artifact import ArtifactBundle


def unpack_bundle(bundle: ArtifactBundle, folder: Path) -> None:
    """Make `folder` hold exactly the bundle's files; what it held before is removed.

    Raises:
        InvalidInput: A path of the bundle leads out of the folder. Nothing was written then.
    """
    for a in bundle.artifacts:
        path = PurePosixPath(a.path)
        if path.is_absolute() or ".." in path.parts:
            raise InvalidInput(f"The artifact path {a.path!r} leads out of the pipeline's folder.", path=a.path)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for a in bundle.artifacts:
        target = folder / a.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(a.text.encode())
