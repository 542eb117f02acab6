"""The base of every contract: frozen, closed to unknown keys, read and written as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, ValidationError

from components.contracts.errors import BadInputError
from components.contracts.wording import wording

SCHEMA_VERSION = 1


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


Timestamp = Annotated[AwareDatetime, PlainSerializer(_stamp, return_type=str)]
"""A moment in UTC; `2016-12-01T19:15:22Z` in JSON."""


class Contract(BaseModel):
    """A value that one stage writes and another reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Report(Contract):
    """A JSON document of its own file."""

    schema_version: int = SCHEMA_VERSION
    """The version of the document's shape."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check the document at `path`.

        Raises:
            BadInputError: the file is missing, unreadable or not such a document.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BadInputError(f"cannot read {path}: {error.strerror}") from error
        except ValidationError as error:
            raise BadInputError(
                f"{path} is not a {cls.__name__}: {first_problem(error)}"
            ) from error

    def write(self, path: Path) -> None:
        """Write the document to `path` as UTF-8."""
        path.write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        """The document as indented JSON in the order of its keys: equal documents, equal bytes."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


Row = TypeVar("Row", bound=Contract)


def read_rows(path: Path, kind: type[Row]) -> Iterator[Row]:
    """Yield the rows of a JSON-lines file one by one.

    Raises:
        BadInputError: the file is missing, or a line is not such a row; the message names the line.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield kind.model_validate_json(line)
                except ValidationError as error:
                    raise BadInputError(f"{path}, line {number}: {first_problem(error)}") from error
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not UTF-8 text: {error.reason}") from error


def write_rows(path: Path, rows: Iterable[Contract | Mapping[str, object]]) -> None:
    """Write rows as JSON lines: UTF-8, one row a line, keys in the order of the class.

    A mapping of a row's values is written as the row itself: of many, only to check them takes
    as long as all else.
    """
    encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
    with path.open("w", encoding="utf-8") as file:
        file.writelines(encode(row) + "\n" for row in rows)


def _plain(value: object) -> object:
    """What JSON has for a row or a time."""
    if isinstance(value, Contract):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return _stamp(value)
    raise TypeError(f"JSON has nothing for {type(value).__name__}")


def first_problem(error: ValidationError) -> str:
    """The first thing that pydantic found wrong, as `key: what is wrong`."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {wording(problem)}" if where else wording(problem)


def facts_of(document: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float | bool]:
    """The plain values of a document under dotted names, as `counts.kept`; lists are left out."""
    facts: dict[str, str | int | float | bool] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            facts |= facts_of(value, f"{prefix}{name}.")
        elif isinstance(value, str | int | float) and name != "schema_version":
            facts[prefix + name] = value
    return facts
