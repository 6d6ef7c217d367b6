"""The lines of a step function while they are written, with what is known of the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING

from tidemill.render.python_text import text_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tidemill.domain.table_schema import TableSchema

POSITION = "_position"
"""The column that holds a row's place where the order would get lost."""


@dataclass
class StepText:
    """The body of a function: each operation puts a new expression into the variable `table`."""

    table: str
    """The variable that holds the table at this point: first the parameter's name, then `table`."""
    lines: list[str] = field(default_factory=list)
    has_position: bool = False
    """True while the table has the column `_position`; without it, its rows stand in their order."""

    def assign(self, expression: str) -> None:
        """The table becomes what `expression` gives."""
        self.lines.append(f"table = {expression}")
        self.table = "table"

    def say(self, line: str) -> None:
        """A line that leaves the table as it is."""
        self.lines.append(line)

    def number_rows(self) -> None:
        """From here on the place of each row is kept in a column."""
        if not self.has_position:
            self.assign(f"{self.table}.mutate({POSITION}=ibis.row_number())")
            self.has_position = True

    def drop_position(self) -> None:
        if self.has_position:
            self.assign(f'{self.table}.drop("{POSITION}")')
            self.has_position = False

    def finish(self, *, ordered: bool) -> list[str]:
        """The lines of the body, the last one being the `return`."""
        if self.has_position and ordered:
            self.assign(f'{self.table}.order_by("{POSITION}").drop("{POSITION}")')
        elif self.has_position:
            self.drop_position()
        if self.lines and self.lines[-1].startswith("table = "):
            return [*self.lines[:-1], "return " + self.lines[-1].removeprefix("table = ")]
        return [*self.lines, f"return {self.table}"]

    def column(self, name: str) -> str:
        return f"{self.table}[{text_source(name)}]"

    def all_columns(self, schema: TableSchema) -> str:
        """Source of a list of all columns but the one that holds the place."""
        if schema.complete:
            return names_of(schema.names)
        return f'[name for name in {self.table}.columns if name != "{POSITION}"]' if self.has_position else f"list({self.table}.columns)"


def names_of(names: Iterable[str]) -> str:
    """A list of texts; a single one stands for itself."""
    sources = [text_source(n) for n in names]
    return sources[0] if len(sources) == 1 else "[" + ", ".join(sources) + "]"


def named_values(values: Mapping[str, str]) -> str:
    """Arguments that give columns their names."""
    if all(_is_plain(name) for name in values):
        return ", ".join(f"{name}={source}" for name, source in values.items())
    if not _PARAMETERS.isdisjoint(values):
        return ", ".join(f"({source}).name({text_source(name)})" for name, source in values.items())
    # All in one dict, so that the columns keep their order.
    return f"**{_dict(values)}"


def new_names(names: Mapping[str, str]) -> str:
    """The argument of `rename`: old names by new names."""
    sources = {new: text_source(old) for new, old in names.items()}
    return ", ".join(f"{new}={old}" for new, old in sources.items()) if all(map(_is_plain, names)) else _dict(sources)


def _is_plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not iskeyword(name) and name not in _PARAMETERS


def _dict(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{text_source(name)}: {source}" for name, source in values.items()) + "}"


_PARAMETERS = frozenset({"self", "by", "having", "method"})
"""Parameters of Ibis's own, which cannot be names of columns in a call."""
