"""The rows of a dataset's files, line by line: what stays, stays to the byte."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from components.contracts.base import Contract, first_problem
from components.contracts.errors import BadInputError
from components.contracts.registry import PostHashes
from components.forget.places import StoredArtifact
from components.registry.documents import as_bytes, parse_document
from components.registry.post_hashes import POST_HASHES, PostKey

Row = TypeVar("Row", bound=Contract)


class RewrittenFile(NamedTuple):
    """What one file of rows is to hold."""

    file: str
    data: bytes
    removed: int
    """The rows that go."""


def rows_of(data: bytes, kind: type[Row], where: str) -> list[tuple[bytes, Row]]:
    """Each line with its row.

    Raises:
        BadInputError: a line is not such a row; the message says which line of `where`.
    """
    found = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if line:
            try:
                found.append((line + b"\n", kind.model_validate_json(line)))
            except ValidationError as error:
                raise BadInputError(f"{where}, line {number}: {first_problem(error)}") from error
    return found


def rewritten_hashes(
    place: StoredArtifact, post_ids: Iterable[str], keys: Sequence[PostKey]
) -> None:
    """Have `post-hashes.json`, where there is one, say these posts alone.

    One under a key that is not here any more is deleted: it would go on naming forgotten posts.
    """
    if not place.has(POST_HASHES):
        return
    where = f"{place.name}/{POST_HASHES}"
    said = parse_document(place.read(POST_HASHES), PostHashes, where)
    for key in keys:
        if key.id == said.key_id:
            place.write(POST_HASHES, as_bytes(key.hashes(post_ids)))
            return
    place.delete(POST_HASHES)
