"""Validation errors of a spec as findings a person can act on: place, what is allowed, nearest name."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tidemill.domain.connectors import CONNECTORS, FILE_CONNECTORS
from tidemill.domain.finding import Finding, Severity
from tidemill.domain.nearest import nearest, suggest
from tidemill.domain.pipeline import PipelineSpec

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    Place = tuple[int, int]
    PathKey = tuple[str | int, ...]

_TYPE_ERRORS = {
    "enum",
    "literal_error",
    "string_type",
    "int_type",
    "float_type",
    "bool_type",
    "int_parsing",
    "float_parsing",
    "bool_parsing",
    "int_from_float",
}
_SHAPE_ERRORS = {"model_type", "model_attributes_type", "dict_type", "dataclass_type"}
_MAX_FINDINGS = 50


def findings_of(invalid: ValidationError, document: object, places: Mapping[PathKey, Place]) -> list[Finding]:
    """One finding per thing that is wrong, in the order of the document."""
    paths = [(e, _path(e["loc"], document)) for e in invalid.errors(include_url=False)]
    kept = [(e, p) for e, p in paths if not _shadowed(e, p, paths, document)]
    seen: dict[tuple[PathKey, str], Finding] = {}
    for e, path in kept:
        finding = _finding(e, path, places)
        key = (path, "value" if e["type"] in _TYPE_ERRORS else finding.message)
        seen.setdefault(key, finding)
    return list(seen.values())[:_MAX_FINDINGS]


def _path(loc: Sequence[str | int], document: object) -> PathKey:
    """The location without the union tags that pydantic puts into it."""
    path: list[str | int] = []
    here: Any = document  # walked by keys and indexes alike
    for i, part in enumerate(loc):
        known = range(len(here)) if isinstance(here, (list, tuple)) else here if isinstance(here, Mapping) else ()
        if part in known:
            here = here[part]
        elif i < len(loc) - 1 or _is_union_label(part):
            continue
        path.append(part)
    return tuple(path)


def _is_union_label(part: str | int) -> bool:
    """True for what pydantic puts into a location to name a union's member: a tag, a type's name, `str-enum[ColumnType]`."""
    labels = ("source", "transform", "destination", "bool", "int", "float", "str", "CastConfig", "LimitConfig", *CONNECTORS)
    return isinstance(part, str) and (part in labels or (part.endswith("]") and "[" in part))


def _shadowed(e: ErrorDetails, path: PathKey, every: list[tuple[ErrorDetails, PathKey]], document: object) -> bool:
    """True for the error of a union member that the value was plainly not meant to be."""
    value = _value_at(path, document)
    others = [o for o, p in every if o is not e and p[: len(path)] == path]
    if e["type"] == "too_short" and value:
        return True  # pydantic counts the valid items only; the invalid ones have errors of their own
    if isinstance(value, Mapping) and e["type"] in _TYPE_ERRORS:
        return any(o["type"] not in _TYPE_ERRORS for o in others)
    return not isinstance(value, Mapping) and e["type"] in _SHAPE_ERRORS and any(o["type"] in _TYPE_ERRORS for o in others)


def _finding(e: ErrorDetails, path: PathKey, places: Mapping[PathKey, Place]) -> Finding:
    rule, message, fix = _words(e, path)
    line, column = _place(path, places)
    return Finding(rule=rule, field=field_path(path), severity=Severity.ERROR, message=message, fix=fix, line=line, column=column)


def field_path(path: PathKey) -> str:
    """A path as a person writes it: `steps[2].config.filter`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _words(e: ErrorDetails, path: PathKey) -> tuple[str, str, str]:
    key, value, kind = path[-1] if path else "", e.get("input"), e["type"]
    if kind == "extra_forbidden":
        return "unknown-key", f"`{key}` is not a key here.", suggest(str(key), _allowed_keys(e["loc"][:-1]))
    if kind == "missing":
        return "missing-key", f"`{key}` is missing.", f"Add `{key}: …`."
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _tag_words(path, value)
    if kind in ("enum", "literal_error"):
        allowed = [str(a) for a in _allowed_values(e)]
        return "not-allowed", f"{_shown(value)} is not allowed for `{key}`.", suggest(str(value), allowed)
    if kind in _TYPE_ERRORS:
        return (
            "wrong-type",
            f"{_shown(value)} does not fit `{key}`: {e['msg'][0].lower()}{e['msg'][1:]}.",
            "Put a text into quotes if it looks like something else.",
        )
    return "invalid-value", f"{_shown(value)} does not fit `{key}`: {_said(e['msg'])}.", ""


def _tag_words(path: PathKey, value: object) -> tuple[str, str, str]:
    given = value if isinstance(value, Mapping) else {}
    if path and path[-1] == "config":
        named = given.get("connector")
        said = (
            f"There is no connector {named!r} here."
            if named
            else f"It is not clear which connector this is: keys {', '.join(f'`{k}`' for k in given) or 'none'}."
        )
        endings = ", ".join(FILE_CONNECTORS)
        near = nearest(str(named), CONNECTORS) if named else None
        return (
            "unknown-connector",
            said,
            f"{f'Did you mean `{near}`? ' if near else ''}Give `connector:` one of {', '.join(CONNECTORS)}, or a `path` ending in {endings}.",
        )
    said = f"{given.get('type')!r} is not a kind of step." if "type" in given else "The step has no `type`."
    return "unknown-step-type", said, "Give `type:` one of source, transform, destination."


def _allowed_values(e: ErrorDetails) -> list[str]:
    expected = str(e.get("ctx", {}).get("expected", ""))
    return re.findall(r"'([^']*)'", expected)


def _said(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Tuple should", "the list should").replace("Dictionary", "the mapping").rstrip(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _value_at(path: PathKey, document: object) -> object:
    here = document
    for part in path:
        try:
            here = here[part]  # type: ignore[index]  # a path that does not lead anywhere is caught
        except (KeyError, IndexError, TypeError):
            return None
    return here


def _place(path: PathKey, places: Mapping[PathKey, Place]) -> tuple[int | None, int | None]:
    for end in range(len(path), -1, -1):
        if path[:end] in places:
            return places[path[:end]]
    return None, None


def _allowed_keys(loc: Sequence[str | int]) -> list[str]:
    """The keys of the model at a pydantic location; empty if it cannot be told."""
    here: object = PipelineSpec
    for part in loc:
        here = _descend(here, part)
    models = [m for m in _members(here) if isinstance(m, type) and issubclass(m, BaseModel)]
    return [f.alias or n for m in models[:1] for n, f in m.model_fields.items()]


def _descend(annotation: object, part: str | int) -> object:
    for member in _members(annotation):
        origin, args = get_origin(member), get_args(member)
        if isinstance(member, type) and issubclass(member, BaseModel):
            if member.__name__ == part or _tag_of(member) == part:
                return member
            for name, field in member.model_fields.items():
                if part in (name, field.alias):
                    return field.annotation
        elif origin in (tuple, list) and isinstance(part, int):
            return args[0]
        elif origin is dict:
            return args[1]
    return annotation


def _members(annotation: object) -> list[object]:
    """The members of a union, else the annotation itself; `Annotated` is looked through."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [m for a in get_args(annotation) for m in _members(a)]
    return [annotation]


def _tag_of(model: type[BaseModel]) -> str | None:
    for name in ("type", "connector"):
        if name in model.model_fields and get_origin(model.model_fields[name].annotation) is Literal:
            return str(get_args(model.model_fields[name].annotation)[0])
    return None
