"""Writes each chart's table of values into its README: `python charts/readme.py [--check]`.

The table is made of the `# --` comments of values.yaml, the value itself standing below each.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

BEGIN, END = "<!-- values -->", "<!-- end of values -->"
_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w./-]+):")


def main() -> int:
    """Write the tables, or with --check say which are not as they should be."""
    stale = []
    for values in sorted(Path(__file__).parent.glob("*/values.yaml")):
        readme = values.with_name("README.md")
        text = readme.read_text(encoding="utf-8")
        wanted = with_table(text, table(values.read_text(encoding="utf-8")))
        if text != wanted and "--check" in sys.argv:
            stale.append(str(readme))
        elif text != wanted:
            readme.write_text(wanted, encoding="utf-8")
    for name in stale:
        print(f"{name} does not show its values.yaml; run python charts/readme.py")
    return 1 if stale else 0


def with_table(readme: str, values: str) -> str:
    """The README with this table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{values}{END}{after}"


def table(text: str) -> str:
    """The Markdown table of a values.yaml."""
    rows = (
        f"| `{'.'.join(path)}` | `{shown(value)}` | {comment} |\n"
        for path, comment, value in documented(text)
    )
    return "| value | default | meaning |\n|---|---|---|\n" + "".join(rows)


def documented(text: str) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """The path, comment and default of every value that has a comment."""
    values = yaml.safe_load(text)
    path: list[str] = []
    comment = ""
    for line in text.splitlines():
        if line.lstrip().startswith("# -- "):
            comment = line.partition("# -- ")[2]
        elif match := _LINE.match(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            if comment:
                yield tuple(path), comment, _at(values, path)
            comment = ""


def shown(value: Any) -> str:
    """A default on one line; one of several values, or a long one, is only hinted at."""
    if isinstance(value, dict) and value:
        return "see below"
    text = json.dumps(value)
    return text if len(text) <= 60 else "see values.yaml"


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        values = values[key]
    return values


if __name__ == "__main__":
    raise SystemExit(main())
