"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_csv(here / "budget.csv")
df = df[df["spend"] > 0]
out = df.groupby("department", as_index=False).agg(total_spend=("spend", "sum"))
share = out["total_spend"] / out["total_spend"].sum() * 100
assert not ((share * 10 % 1) - 0.5).abs().lt(1e-6).any()
assert share.round(1).is_unique
out["share_pct"] = share.round(1)
out["place"] = out["total_spend"].rank(ascending=False).astype(int)
out = out.sort_values("share_pct", ascending=False)
out.to_csv(here / "expected.csv", index=False)
