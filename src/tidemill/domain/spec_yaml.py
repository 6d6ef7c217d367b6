"""`config.yaml` text and JSON documents to `PipelineSpec`, and back; errors carry line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from tidemill.domain.connectors import connector_of
from tidemill.domain.finding import Finding, error
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.spec_errors import field_path, findings_of
from tidemill.domain.values import SpecModel
from tidemill.errors import InvalidInput

PathKey = tuple[str | int, ...]
MAX_BYTES = 1_048_576
"""A 500-step pipeline is about 150 kB; more than 1 MiB is not a config.yaml."""
MAX_DEPTH = 40
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    """Parsed YAML with the 1-based (line, column) of every key and item, by path."""

    value: object
    places: Mapping[PathKey, tuple[int, int]]


def load_spec(text: str) -> PipelineSpec:
    """The spec that a config.yaml holds.

    Raises:
        InvalidInput: The text is not YAML or not a pipeline; its findings have `line` and `column`.
    """
    document = parse_yaml(text)
    return load_document(document.value, document.places)


def load_document(value: object, places: Mapping[PathKey, tuple[int, int]] | None = None) -> PipelineSpec:
    """The spec that a JSON-able document holds.

    Raises:
        InvalidInput: It is not a pipeline.
    """
    if not isinstance(value, Mapping):
        raise _invalid(error("not-a-pipeline", "", f"A pipeline is a mapping with `name` and `steps`, not {_kind(value)}.", "Start with `name: …`."))
    try:
        return PipelineSpec.model_validate(value)
    except ValidationError as invalid:
        raise _invalid(*findings_of(invalid, value, places or {})) from None


def dump_spec(spec: PipelineSpec) -> str:
    """The text of config.yaml; loading it gives an equal spec."""
    return yaml.dump(spec_document(spec), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def spec_document(spec: SpecModel) -> dict[str, object]:
    """A JSON-able document in the camelCase shape of config.yaml, defaults left out."""
    shown: dict[str, object] = {}
    for name, field in type(spec).model_fields.items():
        value = getattr(spec, name)
        if name == "connector":
            continue
        if value != field.get_default(call_default_factory=True) or name in ("type", "trigger", "credentials_path"):
            shown[field.alias or name] = _plain(value)
    if "connector" in type(spec).model_fields and connector_of(shown) != getattr(spec, "connector", None):
        return {"connector": getattr(spec, "connector", None), **shown}
    return shown


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of config.yaml, for editors."""
    schema = PipelineSpec.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidemill pipeline",
        **{k: v for k, v in schema.items() if k != "title"},
    }


def parse_yaml(text: str) -> Document:
    """YAML 1.2 scalars, mappings and lists, without aliases and tags, so that no document can grow or run anything.

    Raises:
        InvalidInput: Not such YAML; the finding has line and column.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _invalid(error("too-large", "", f"The file is larger than {MAX_BYTES} bytes.", "A pipeline has at most 500 steps; split it."))
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.feed(event)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _invalid(
            _at(error("yaml-syntax", "", f"This is not YAML: {broken.problem or broken}.", "Check indentation, quotes and colons there."), at)
        ) from None
    except yaml.YAMLError as broken:
        raise _invalid(error("yaml-syntax", "", f"This is not YAML: {broken}.", "Save the file as UTF-8 text.")) from None
    return Document(builder.value, builder.places)


def locate(findings: Sequence[Finding], text: str) -> tuple[Finding, ...]:
    """The findings of a check with their line and column in the config.yaml they are about."""
    places = {field_path(path): at for path, at in parse_yaml(text).places.items()}
    return tuple(_at(f, _nearest_place(f.field, places)) for f in findings)


def _nearest_place(field: str, places: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """The place of a field or, if the file does not name it, of what holds it."""
    while field and field not in places:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return places.get(field, (1, 1))


class _Builder:
    """Builds values from YAML events without recursion."""

    def __init__(self) -> None:
        self.value: object = None
        self.places: dict[PathKey, tuple[int, int]] = {}
        self._stack: list[tuple[PathKey, dict[str, object] | list[object]]] = []
        self._keys: list[str | None] = []

    def feed(self, event: yaml.Event) -> None:
        mark = event.start_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _invalid(
                _at(
                    error(
                        "yaml-alias", "", "Anchors (`&`) and aliases (`*`) are not read in config.yaml.", "Write the value out, or put it in quotes."
                    ),
                    at,
                )
            )
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, at)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self._stack) >= MAX_DEPTH:
                raise _invalid(_at(error("too-deep", "", f"Nested deeper than {MAX_DEPTH} levels.", "A pipeline needs about seven."), at))
            child: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
            path = self._put(child, at)
            self._stack.append((path, child))
            self._keys.append(None)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._stack.pop()
            self._keys.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.places:
            raise _invalid(_at(error("several-documents", "", "The file holds more than one YAML document.", "Keep one pipeline per file."), at))

    def _scalar(self, event: yaml.ScalarEvent, at: tuple[int, int]) -> None:
        if self._stack and isinstance(self._stack[-1][1], dict) and self._keys[-1] is None:
            path, mapping = self._stack[-1]
            if event.value in mapping:
                raise _invalid(_at(error("duplicate-key", field_path(path), f"`{event.value}` is given twice.", "Keep one of them."), at))
            self._keys[-1] = event.value
            self.places[(*path, event.value)] = at
            return
        self._put(resolve_scalar(event.value) if event.implicit[0] else event.value, at)

    def _put(self, value: object, at: tuple[int, int]) -> PathKey:
        if not self._stack:
            self.value = value
            self.places.setdefault((), at)
            return ()
        path, parent = self._stack[-1]
        if isinstance(parent, list):
            parent.append(value)
            here = (*path, len(parent) - 1)
            self.places[here] = at
            return here
        key = self._keys[-1]
        if key is None:
            raise _invalid(_at(error("complex-key", field_path(path), "A key must be a text.", "Use plain keys."), at))
        parent[key] = value
        self._keys[-1] = None
        return (*path, key)


def resolve_scalar(text: str) -> bool | int | float | str | None:
    """What a plain (unquoted) scalar means in YAML 1.2's core schema; `yes`, `on`, `12:30` and `2025-01-31` are texts."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) < 40 else text
    if _FLOAT.match(text):
        return float(text)
    return text


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, texts quoted where a reader could take them for something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        return super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text and not re.search(r"[ \t]\n|[^\x20-\x7e\n\xa0-\ud7ff\ue000-\ufffd]", text):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    quoted = not isinstance(resolve_scalar(text), str) or "*" in text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _represent_text)


def _plain(value: object) -> object:
    if isinstance(value, SpecModel):
        return spec_document(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, str) else value


def _invalid(*findings: Finding) -> InvalidInput:
    lines = "\n".join(_line(f) for f in findings)
    return InvalidInput(f"This is not a valid pipeline:\n{lines}", findings=findings)


def _line(finding: Finding) -> str:
    place = f"line {finding.line}, column {finding.column}: " if finding.line else ""
    return f"  {place}{finding.field + ': ' if finding.field else ''}{finding.message} {finding.fix}".rstrip()


def _at(finding: Finding, place: tuple[int, int]) -> Finding:
    return finding.model_copy(update={"line": place[0], "column": place[1]})


def _kind(value: object) -> str:
    return (
        "an empty file"
        if value is None
        else "a list"
        if isinstance(value, list)
        else f"the text {str(value)[:40]!r}"
        if isinstance(value, str)
        else repr(value)
    )
