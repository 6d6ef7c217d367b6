"""What a clause was read to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Operation:
    """One transform step to be, with the fields of its `TransformConfig`."""

    title: str
    """The step's name, if no other step has it."""
    config: Mapping[str, object]
    aggregates: bool = False
    """It leaves other rows than it found: what was before is "the detail rows"."""


@dataclass(frozen=True)
class Keys:
    """Group keys whose aggregations come in a later sentence."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Combination:
    """A join or union of tables."""

    title: str
    tables: tuple[str, ...]
    """Their names in the workspace, left first."""
    config: Mapping[str, object]
    after: tuple[Operation, ...] = ()
    """What is done with the joined table at once."""


@dataclass(frozen=True)
class Target:
    """Something to write; `config` is that of a destination."""

    title: str
    config: Mapping[str, object]
    stage: str = ""
    """`detail` for the rows before they were aggregated."""


@dataclass(frozen=True)
class Said:
    """A clause that changes no table: a source that is there, a remark, a wish that is always granted."""

    step: str
    hint: str = ""


@dataclass(frozen=True)
class JoinRemark:
    """What becomes of rows without a match in the join just made."""

    how: str


@dataclass(frozen=True)
class CellFill:
    """What stands in the empty cells of the pivot just made; None leaves them empty."""

    value: object


Act = CellFill | JoinRemark | Operation | Keys | Combination | Target | Said
Reader = "Callable[[Cursor], list[Act] | None]"


@dataclass
class Taken:
    """A clause that was read, with the words it covers."""

    acts: list[Act]
    start: int
    end: int
    notes: list[str] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)
