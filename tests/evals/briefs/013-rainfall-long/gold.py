"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_csv(here / "rainfall_wide.csv")
df = df.melt(id_vars=["station", "height_m"], value_vars=["jan", "feb", "mar", "apr"], var_name="month", value_name="mm").dropna(subset=["mm"])
assert not df.duplicated(["station", "mm"]).any()
out = df.sort_values(["station", "mm"], ascending=[True, False])
out.to_csv(here / "expected.csv", index=False)
