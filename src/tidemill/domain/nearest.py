"""Nearest known name, for errors that suggest one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 30


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name` (case, spaces, hyphens and underscores aside), None if none is near."""
    by_folded = {_fold(k): k for k in known}
    found = get_close_matches(_fold(name), list(by_folded), n=1, cutoff=0.7)
    return by_folded[found[0]] if found else None


def suggest(name: str, known: Iterable[str]) -> str:
    """One or two sentences for a `fix`: the nearest name if there is one, then what is allowed."""
    names = list(known)
    near = nearest(name, names)
    listed = ", ".join(f"`{n}`" for n in names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    did_you_mean = f"Did you mean `{near}`? " if near else ""
    return f"{did_you_mean}Known: {listed}." if names else did_you_mean.strip()


def _fold(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "").replace("-", "")
