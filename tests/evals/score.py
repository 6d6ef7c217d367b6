"""Scores the drafter on the brief cases beside this file, from brief to output files, with no model (P1, P10, P11).

    python -m tests.evals.score [--cases DIR] [--only TEXT] [--least-right 0.8]

A case is `right` if its outputs and schedule are the gold ones and every sentence that nobody can resolve was doubted (a case to refuse: if it
was refused by name), `honest` if the drafter doubted a sentence or gave an error, and `wrong` otherwise. Ends with 1 if any case is wrong or
fewer than `--least-right` are right.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from tidemill.adapter_registry import adapter
from tidemill.domain.draft import Draft
from tidemill.domain.finding import Finding, Severity
from tidemill.domain.grammar import read_instructions
from tidemill.domain.pipeline_check import CheckContext, check_pipeline
from tidemill.domain.schedule import parse_cron
from tidemill.render.bundle import render_bundle

CASES = Path(__file__).parent / "briefs"
LIMIT_S = 60
_NUMBER = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
HIDDEN = shutil.ignore_patterns("case.json", "gold.py", "expected*", "__pycache__")


def main() -> int:
    """Scores all cases and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--only", default="")
    parser.add_argument("--least-right", type=float, default=0.8)
    args = parser.parse_args()
    verdicts: Counter[str] = Counter()
    for folder in sorted(p.parent for p in args.cases.glob("*/case.json") if args.only in p.parent.name):
        verdict, why = score_case(folder)
        verdicts[verdict] += 1
        print(f"{verdict:7} {folder.name:34} {why[:160]}".rstrip())
    total = verdicts.total()
    print(f"{verdicts['right']} of {total} right ({verdicts['right'] / max(total, 1):.0%}), {verdicts['honest']} honest, {verdicts['wrong']} wrong")
    return int(verdicts["wrong"] > 0 or verdicts["right"] < args.least_right * total)


def score_case(folder: Path) -> tuple[str, str]:
    """The verdict on one case and its reason."""
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="brief-") as name:
        work = Path(name) / "case"
        shutil.copytree(folder, work, ignore=HIDDEN)
        draft = read_instructions((work / "brief.txt").read_text(encoding="utf-8"), partial(adapter("schema-reader"), root=work))
        findings = (*draft.findings, *(check_pipeline(draft.spec, CheckContext(project=str(work))) if draft.spec else ()))
        return _refusal(case, draft, findings) if case["expect"] == "refuses" else _run(case, folder, work, draft, findings)


def _doubts(case: dict[str, Any], draft: Draft) -> list[str]:
    """Sentences that were doubted and are neither chatter nor beyond anybody's understanding."""
    excused = [_words(s) for s in (*case.get("chatter", ()), *case["must_not_understand"])]
    return [r.sentence for r in draft.readings if not r.understood and not any(_words(r.sentence) in e or e in _words(r.sentence) for e in excused)]


def _errors(findings: tuple[Finding, ...]) -> list[str]:
    return [f.message for f in findings if f.severity is Severity.ERROR]


def _refusal(case: dict[str, Any], draft: Draft, findings: tuple[Finding, ...]) -> tuple[str, str]:
    said = json.dumps([r.model_dump() for r in draft.readings if not r.understood] + [f.model_dump() for f in findings], ensure_ascii=False)
    if not _doubts(case, draft) and not _errors(findings) and not any(not r.understood for r in draft.readings) and not findings:
        return "wrong", f"presented as complete: {case['why']}"
    missing = [p for p in case.get("must_report", ()) if not re.search(p, said, re.IGNORECASE)]
    return ("honest", f"does not name {missing[0]!r}") if missing else ("right", "")


def _run(case: dict[str, Any], folder: Path, work: Path, draft: Draft, findings: tuple[Finding, ...]) -> tuple[str, str]:
    disclosed = _doubts(case, draft) + _errors(findings)
    doubted = [_words(r.sentence) for r in draft.readings if not r.understood]
    silent = [s for s in case["must_not_understand"] if not any(_words(s) in d or d in _words(s) for d in doubted)]
    if draft.spec and silent:
        return "wrong", f"claimed to understand {silent[0]!r}"
    if draft.spec is None or _errors(findings):
        return ("honest", disclosed[0]) if disclosed else ("wrong", "no spec, and no word on why")
    adapter("bundle-folder")(render_bundle(draft.spec, format_python=adapter("python-formatter")), work / "artifacts")
    done = subprocess.run([sys.executable, "artifacts/pipeline.py"], cwd=work, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    problem = done.stdout[-300:] if done.returncode else _output_problem(case, folder, work) or _schedule_problem(case, draft)
    if not problem:
        return "right", ""
    return ("honest", disclosed[0]) if disclosed else ("wrong", problem)


def _schedule_problem(case: dict[str, Any], draft: Draft) -> str:
    assert draft.spec is not None
    got, zone = draft.spec.schedule, draft.spec.timezone
    if bool(got) != bool(case["schedule"]) or (got and not parse_cron(got).same_times(parse_cron(case["schedule"]))):
        return f"schedule {got!r} instead of {case['schedule']!r}"
    return f"time zone {zone!r}" if case.get("timezone") and zone != case["timezone"] else ""


def _output_problem(case: dict[str, Any], folder: Path, work: Path) -> str:
    for wanted in ({k: case.get(k) for k in ("output", "table", "ordered")}, *case.get("also", ())):
        path = work / wanted["output"]
        if not path.exists():
            return f"{wanted['output']} was not written"
        default = "expected.parquet" if (folder / "expected.parquet").exists() else "expected.csv"
        gold, got = _read(folder / wanted.get("expected", default), None), _read(path, wanted.get("table"))
        if sorted(gold.columns) != sorted(got.columns) and (len(gold) or len(got.columns)):
            return f"{wanted['output']}: columns {sorted(got.columns)} instead of {sorted(gold.columns)}"
        if _rows(gold, list(gold.columns), ordered=wanted["ordered"]) != _rows(got, list(gold.columns), ordered=wanted["ordered"]):
            return f"{wanted['output']}: other rows"
    return ""


def _read(path: Path, table: str | None) -> pd.DataFrame:
    if path.suffix in (".db", ".sqlite"):
        with sqlite3.connect(path) as connection:
            return pd.read_sql(f'SELECT * FROM "{table}"', connection)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix in (".json", ".jsonl"):
        text = path.read_text(encoding="utf-8")
        return pd.DataFrame(json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()], dtype=object)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _rows(frame: pd.DataFrame, columns: list[str], *, ordered: bool) -> list[tuple[str, ...]]:
    rows = [tuple(_cell(v) for v in row) for row in frame.reindex(columns=columns).itertuples(index=False)]
    return rows if ordered else sorted(rows)


def _cell(value: object) -> str:
    """A value as text, so that 3, 3.0 and "3" agree, and dates are their ISO day."""
    if value is None or value == "" or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    text = str(value).removesuffix(" 00:00:00").removesuffix("T00:00:00")
    if text.lower() in ("true", "false"):
        return str(int(text.lower() == "true"))
    if _NUMBER.fullmatch(text):
        return f"{float(text):.9g}"
    return text.replace(" ", "T") if _TIME.match(text) else text


def _words(sentence: str) -> str:
    return " " + " ".join(re.findall(r"\w+", sentence.lower())) + " "


if __name__ == "__main__":
    sys.exit(main())
