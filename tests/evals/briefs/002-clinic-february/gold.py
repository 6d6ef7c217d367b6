"""The right output of this case, computed from its inputs with pandas alone."""

import json
from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.DataFrame(json.loads((here / "appointments.json").read_text(encoding="utf-8")))
df = df[df["status"].isin(["attended", "no_show", "late_cancel"]) & df["appt_date"].between("2025-02-01", "2025-02-28")]
df = df.rename(columns={"patient_ref": "patient", "gp_name": "doctor"}).fillna({"doctor": "locum"})
out = df[["patient", "doctor", "appt_date", "status"]].sort_values(["appt_date", "patient"])
assert not out.duplicated(["appt_date", "patient"]).any()
out.to_csv(here / "expected.csv", index=False)
