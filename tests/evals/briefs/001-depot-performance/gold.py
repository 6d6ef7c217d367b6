"""The right output of this case, computed from its inputs with pandas alone."""

from pathlib import Path

import pandas as pd

here = Path(__file__).parent
df = pd.read_csv(here / "data/deliveries.csv").dropna(subset=["weight_kg", "distance_km"])
df["tonne_km"] = df["weight_kg"] * df["distance_km"] / 1000
df["cost"] = 4.5 + 0.8 * df["distance_km"]
assert not (df["cost"] - 60).abs().between(1e-12, 1e-6).any()  # the boundary is hit exactly or not at all
df = df[df["cost"] <= 60]
out = df.groupby(["depot", "vehicle_type"], as_index=False).agg(
    total_tonne_km=("tonne_km", "sum"), avg_cost=("cost", "mean"), longest_trip=("distance_km", "max"), trips=("delivery_id", "count")
)
out.to_csv(here / "expected.csv", index=False)
