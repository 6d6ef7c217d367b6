"""The hand-written Python of a step inside the function of that step."""

from __future__ import annotations

import io
import tokenize


def embedded(code: str, indent: str = "    ") -> list[str]:
    """The lines of `code`, indented, apart from those inside a text of several lines, whose content would change."""
    lines = code.strip("\n").expandtabs(4).splitlines()
    inside = _lines_inside_texts("\n".join(lines))
    return [line if number in inside or not line.strip() else indent + line for number, line in enumerate(lines, start=1)]


def _lines_inside_texts(code: str) -> set[int]:
    """1-based numbers of the lines that begin within a text."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.STRING:
            found.update(range(token.start[0] + 1, token.end[0] + 1))
    return found
