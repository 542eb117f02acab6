"""Reading a post's fields from a row, whatever the columns are called."""

from collections.abc import Iterator, Mapping, Sequence

from components.collect.config import Format
from components.collect.tables.presets import PRESETS, Columns, Preset
from components.contracts.errors import BadInputError


class Reader:
    """Reads fields from the cells of a table whose columns are known."""

    def __init__(self, preset: Preset, columns: Columns, present: Sequence[str]) -> None:
        self._exact = {_plain(name): name for name in reversed(present)}
        self._columns = {
            field: tuple(filter(None, map(self._found, names))) for field, names in columns.items()
        }
        self._flags = {
            flag: tuple(filter(None, map(self._found, names)))
            for flag, names in preset.flags.items()
        }

    @property
    def used(self) -> dict[str, str]:
        """The columns that fields are read from, best first: `{"created_at": "date+time, day"}`."""
        return {
            field: ", ".join("+".join(parts) for parts in columns)
            for field, columns in self._columns.items()
            if columns
        }

    def has(self, field: str) -> bool:
        """Whether some column may hold `field`."""
        return bool(self._columns.get(field))

    def values(self, cells: Mapping[str, str], field: str) -> Iterator[str]:
        """What the columns of `field` hold, best first, empty ones left out."""
        for parts in self._columns.get(field, ()):
            value = " ".join(cells.get(part, "") for part in parts)
            if value.strip():
                yield value

    def first(self, cells: Mapping[str, str], field: str) -> str:
        """The first of `values`, or nothing."""
        return next(self.values(cells, field), "")

    def flag(self, cells: Mapping[str, str], flag: str) -> bool:
        """Whether a column says that the post is such."""
        said = (cells.get(name, "") for (name,) in self._flags.get(flag, ()))
        return any(
            word.strip().lower() not in ("", "f", "false", "0", "nan", "none") for word in said
        )

    def _found(self, names: str) -> tuple[str, ...]:
        """The table's spelling of `date+time`; empty where a part is missing."""
        if whole := self._exact.get(_plain(names)):
            return (whole,)
        parts = [self._exact.get(_plain(name)) for name in names.split("+")]
        return tuple(part for part in parts if part) if all(parts) else ()


def choose_reader(
    present: Sequence[str], named: Format | None, overrides: Sequence[str], source: str
) -> tuple[str, Reader]:
    """The format's name and a reader for a table with the columns `present`.

    Raises:
        BadInputError: a column of the named format or of an override is missing, or there is none
            for the text or the time.
    """
    known = {_plain(name) for name in present}
    pairs = dict(pair.split("=", 1) for pair in overrides)
    candidates = [preset for preset in PRESETS if named in (None, preset.name)]
    preset = next(
        (one for one in candidates if known.issuperset(map(_plain, one.needs))), candidates[0]
    )
    columns = {**preset.columns, **{field: (column,) for field, column in pairs.items()}}
    reader = Reader(preset, columns, present)
    absent = [column for field, column in pairs.items() if not reader.has(field)]
    absent += [need for need in preset.needs if _plain(need) not in known and not pairs]
    if absent:
        raise BadInputError(
            f"{source} has no column {absent[0]!r}; its columns are {_list(present)}"
        )
    for field, words in (("text", "the text"), ("created_at", "the time")):
        if not reader.has(field):
            raise BadInputError(
                f"{source} has no column for {words} of a post (its columns are {_list(present)}); "
                f"name it as --columns {field}=COLUMN"
            )
    return preset.name, reader


def _plain(name: str) -> str:
    """A column's name whatever its case, its blanks `_`."""
    return name.strip().lower().replace(" ", "_")


def _list(names: Sequence[str]) -> str:
    """The first names, each cut to a sane length."""
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown + (", …" if len(names) > 12 else "") if names else "none"
