"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_parquet(here / "orders.parquet")
df = df[df["status"] != "cancelled"].sort_values("ordered_at").drop_duplicates("customer_id", keep="first")
out = df.drop(columns=["status", "voucher"])
out.to_csv(here / "expected.csv", index=False)
