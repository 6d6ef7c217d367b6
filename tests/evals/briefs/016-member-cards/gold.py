"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_csv(here / "members.csv", dtype={"member_no": str})
out = pd.DataFrame(
    {
        "member_no": df["member_no"],
        "full_name": df["first_name"] + " " + df["last_name"],
        "initial": df["last_name"].str[0].str.upper(),
        "email": df["email"].str.strip().str.lower(),
        "phone_no": df["mobile"].fillna(df["landline"]),
        "joined_month": pd.to_datetime(df["joined_on"]).dt.month,
    }
)
out.to_csv(here / "expected.csv", index=False)
