"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
staff, courses = pd.read_csv(here / "staff.csv"), pd.read_csv(here / "courses.csv")
done = courses.loc[courses["course"] == "Fire safety", "employee"]
df = staff[~staff["emp_id"].isin(done) & staff["left_on"].isna()]
out = df[["emp_id", "name", "site"]].sort_values("emp_id")
out.to_csv(here / "expected.csv", index=False)
