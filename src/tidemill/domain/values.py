"""The frozen base models every value that travels is built from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class FrozenModel(BaseModel):
    """A value: never changed after it is made, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SpecModel(FrozenModel):
    """A part of `config.yaml`: snake_case in Python, camelCase in the file (`output_name` is `outputName`)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, allow_inf_nan=False
    )
