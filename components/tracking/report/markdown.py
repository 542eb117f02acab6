"""Text from outside, made harmless for the Markdown of a report."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~$&]")


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in GitHub's Markdown."""
    lines = (head, ["---"] * len(head), *([cell(value) for value in row] for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """A value from outside on one line, with nothing in it that Markdown or HTML would read."""
    if value is None:
        return "none"
    line = f"{value:,}" if type(value) is int else " ".join(str(value).split())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)
