"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_csv(here / "loans.csv").dropna(subset=["returned_on"])
df["days_late"] = (pd.to_datetime(df["returned_on"]) - pd.to_datetime(df["due_on"])).dt.days
df = df[df["days_late"] > 0]
df["fine"] = [10 if d > 40 else d * 0.25 for d in df["days_late"]]
out = df.sort_values(["fine", "loan_id"], ascending=[False, True])
out.to_csv(here / "expected.csv", index=False)
