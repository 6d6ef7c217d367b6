"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
sales, stores = pd.read_csv(here / "sales.csv", dtype={"store_code": str}), pd.read_csv(here / "stores.csv", dtype={"store_code": str})
stores = stores.sort_values("opened").drop_duplicates("store_code", keep="last")
df = sales.merge(stores, on="store_code").dropna(subset=["qty"])
out = df.groupby(["store_code", "town"], as_index=False).agg(units=("qty", "sum")).sort_values("units", ascending=False)
assert out["units"].is_unique
out.to_csv(here / "expected.csv", index=False)
