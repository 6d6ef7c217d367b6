"""The right output of this case, computed from its inputs with pandas alone."""

import json
from pathlib import Path

import pandas as pd

here = Path(__file__).parent
lines = (here / "drawer.jsonl").read_text(encoding="utf-8").splitlines()
df = pd.DataFrame([json.loads(line) for line in lines]).sort_values(["register", "ts"])
df["balance"] = df.groupby("register")["delta"].cumsum()
df["seq"] = df.groupby("register").cumcount() + 1
out = df[["register", "ts", "delta", "balance", "seq"]]
out.to_csv(here / "expected.csv", index=False)
