"""Tables that the briefs of these tests speak of, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidemill.domain.connectors import SourceConfig
from tidemill.domain.draft import Draft
from tidemill.domain.grammar import read_instructions
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.table_schema import ColumnType, TableSchema

S, W, N, B, D, T = ColumnType.STRING, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.DATE, ColumnType.TIMESTAMP
ORDERS: Mapping[str, ColumnType] = {
    "order_id": W, "customer_id": S, "order_date": D, "status": S, "amount": N, "quantity": W, "unit_price": N, "country": S, "shipped_at": T,
    "note": S, "email": S, "gift": B,
}  # fmt: skip
CUSTOMERS: Mapping[str, ColumnType] = {"customer_id": S, "name": S, "city": S, "segment": S}
TABLES: Mapping[str, Mapping[str, ColumnType]] = {
    "orders.csv": ORDERS,
    "customers.csv": CUSTOMERS,
    "east.csv": {"parcel_id": S, "weight_kg": N},
    "west.csv": {"parcel_id": S, "weight_kg": N},
    "prices.csv": {"sku": S, "price_net": N, "price_gross": N, "Amount EUR": S},
}
SAMPLES: Mapping[str, Sequence[str]] = {
    "status": ("open", "paid", "cancelled"), "country": ("Germany", "France", "Spain"), "segment": ("gold", "silver"), "order_id": ("1", "2", "3"),
    "customer_id": ("C1", "C2"), "amount": ("120.5", "80"), "Amount EUR": ("1,250.00", "99.90"),
}  # fmt: skip


def look(config: SourceConfig) -> SourceSchema | Unreadable:
    """What `read_schema` would find: the tables above, by path."""
    columns = TABLES.get(getattr(config, "path", ""))
    if columns is None:
        return Unreadable(Obstacle.MISSING, "There is no such file.")
    return SourceSchema(
        TableSchema(dict(columns)),
        config.model_copy(update={"columns": dict(columns)}),
        samples={c: tuple(SAMPLES[c]) for c in columns if c in SAMPLES},
        row_count_hint=3,
    )


def draft(brief: str) -> Draft:
    return read_instructions(brief, look)


def drafted(sentence: str, *, sources: str = "Read orders.csv.") -> Draft:
    """The draft of a brief with one sentence between source and destination."""
    return draft(f"{sources}\n{sentence}\nSave to out/result.csv.")


def configs(made: Draft) -> list[dict[str, object]]:
    """The configs of the transform steps, as in config.yaml."""
    assert made.spec is not None, made.findings
    return [s.config.model_dump(mode="json", by_alias=True, exclude_defaults=True) for s in made.spec.steps if s.type == "transform"]


def doubted(made: Draft) -> list[str]:
    return [r.sentence for r in made.readings if not r.understood]
