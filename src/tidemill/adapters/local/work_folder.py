"""Folders that code under test works in: made, measured, removed with whatever the code left there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "tidemill-sandbox-"


def make_work_folder() -> Path:
    """A new folder, for this user only, with an absolute path without links; its name says which process it belongs to."""
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")))
    for name in ("bundle", "tmp", "home"):
        (folder / name).mkdir()
    return folder


def remove_left_folders() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(OSError):
            if owner.isdigit() and folder.stat().st_uid == os.getuid() and not psutil.pid_exists(int(owner)):
                remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove what the code left, however deep and however locked; nothing outside the folder is touched."""
    with suppress(OSError):
        folder.chmod(0o700)
    for entry in entries_below(folder):
        if entry.is_dir(follow_symlinks=False):
            with suppress(OSError):
                Path(entry.path).chmod(0o700)
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def disk_bytes(folder: Path) -> int:
    """What the files below a folder take; links are not followed, and what vanishes meanwhile does not count."""
    total = 0
    for entry in entries_below(folder):
        with suppress(OSError):
            if entry.is_file(follow_symlinks=False):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def entries_below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder, a folder before what is in it; links are not followed, what cannot be read is left out.

    Not `os.walk`, which goes as deep into the stack as the code went into folders.
    """
    waiting = [str(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
