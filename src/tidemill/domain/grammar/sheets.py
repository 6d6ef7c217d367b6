"""Google Sheets, as briefs describe them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tidemill.domain.grammar.operations import Target
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.vocabulary import word_list

_LOADS = re.compile(r"\s*(?:please |then |first,? )*(?:load|read|get|fetch|import|take|pull|extract|use)", re.IGNORECASE)
_SAVES = re.compile(
    r"\s*(?:please |and |then |finally,? )*(?:save|write|put|store|export|output|send|load (?:it|them|the results?) (?:in)?to)", re.IGNORECASE
)
_CREDENTIALS = re.compile(
    r"(?:please )?(?:use |credentials?:? |with )(?:the )?(?:file )?[`\"']?[\w./-]+\.json[`\"']?(?: (?:for|as|to) [\w' ]{0,60})?[.!]?", re.IGNORECASE
)
_WORDS = frozenset(
    word_list(
        "google sheet sheets spreadsheet spreadsheets id range credentials credential json name tab worksheet same as source new the a an "
        "to into in from called named with using use and of for data save saves write writes put store export load loads read reads get "
        "fetch import take result results it them everything auto create auto-create if doesn't does not exist exists which is are at file "
        "service account table rows all records final output by please finally then"
    )
)


def is_credentials(text: str) -> bool:
    """True of `Use credentials.json for authentication`."""
    return bool(_CREDENTIALS.fullmatch(text.strip()))


def sheet_role(unit: Unit) -> str:
    """`source` or `destination` where a unit speaks of a sheet, else ""."""
    text = unit.text
    if not re.search(r"google\s*sheets?|spreadsheet|\bnew sheet\b|\bsheet (?:called|named)\b|\bsheet name\b", text, re.IGNORECASE):
        return ""
    if unit.context in ("source", "destination"):
        return unit.context
    return "source" if _LOADS.match(text) and not _SAVES.match(text) else "destination" if _SAVES.match(text) else ""


def unexplained(text: str, nouns: frozenset[str]) -> list[str]:
    """Words about a sheet that say something else besides."""
    plain = re.sub(r"[\"'`“][^\"'`”]*[\"'`”]|\S*[!\d_]\S*|\S+\.json", " ", text)
    return [w for w in re.findall(r"[^\W\d]+(?:['-]\w+)*", plain) if w.lower() not in _WORDS and w.lower().rstrip("s") not in nouns]


def sheet_target(text: str, known: Mapping[str, object] | None) -> Target | None:
    """The destination that a unit describes."""
    config = sheet_config(text, "destination", known)
    if config is None or "spreadsheet_id" not in config or "sheet_name" not in config:
        return None
    return Target(f"Save {config['sheet_name']}", config)


def sheet_config(text: str, role: str, known: Mapping[str, object] | None) -> dict[str, object] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """The config of a Google Sheets source or destination that `text` describes, None if it describes none."""
    if not re.search(r"google\s*sheets?|spreadsheet|\bnew sheet\b|\bsheet (?:called|named)\b", text, re.IGNORECASE):
        return None
    config: dict[str, object] = {"connector": "googleSheets"}
    if hit := re.search(r"\b(?:spreadsheet\s*)?id\b\s*[:=]?\s*[`\"']?([\w-]{4,}(?:\.\.\.)?)", text, re.IGNORECASE):
        config["spreadsheet_id"] = hit[1]
    elif known is not None and (re.search(r"same|new sheet|sheet", text, re.IGNORECASE)) and known.get("spreadsheet_id"):
        config["spreadsheet_id"] = known["spreadsheet_id"]
    if re.search(r"\bid\b\s*[:=]?\s*\(?same", text, re.IGNORECASE) and known:
        config["spreadsheet_id"] = known["spreadsheet_id"]
    if hit := re.search(r"([\w./-]+\.json)\b", text):
        config["credentials_path"] = hit[1]
    elif known and known.get("credentials_path"):
        config["credentials_path"] = known["credentials_path"]
    if role == "source":
        if hit := re.search(r"\brange\b\s*[:=]?\s*[`\"']?((?:'[^']+'|[\w ]+?)!?[A-Z]*\d*:?[A-Z]*\d*)(?=[`\"',;)\s]|$)", text, re.IGNORECASE):
            config["range"] = hit[1]
        if hit := re.search(r"([\w]+![A-Z]+\d*:[A-Z]+\d*)", text):
            config["range"] = hit[1]
        if "range" not in config and (
            hit := re.search(r"\b(?:sheet|tab|worksheet)(?:\s+name)?\s*(?:called|named|:)?\s*[`\"']([^`\"']+)[`\"']", text, re.IGNORECASE)
        ):
            config["range"] = hit[1]
        return config
    if hit := re.search(r"\b(?:sheet|tab|worksheet)(?:\s*name)?\s*(?:called|named|:|=)?\s*[`\"'“]([^`\"'”]+)[`\"'”]", text, re.IGNORECASE):
        config["sheet_name"] = hit[1]
    elif hit := re.search(r"\bsheet\s*name\s*[:=]\s*([\w -]+?)(?=[;,)]|$)", text, re.IGNORECASE):
        config["sheet_name"] = hit[1].strip()
    elif hit := re.search(r"\b(?:sheet|tab|worksheet)\s+(?:called|named)\s+(\w+)", text, re.IGNORECASE):
        config["sheet_name"] = hit[1]
    return config
