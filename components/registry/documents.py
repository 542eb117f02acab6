"""Reading the registry's documents from a store."""

from typing import TypeVar

from pydantic import ValidationError

from components.contracts.base import Report, first_problem
from components.contracts.errors import BadInputError
from components.storage import ObjectMissingError, Store


class DamagedError(BadInputError):
    """What stands there is not the document that it should be."""


Document = TypeVar("Document", bound=Report)


def read_document(store: Store, key: str, kind: type[Document]) -> Document | None:
    """The document at `key`, or None where there is none.

    Raises:
        DamagedError: what stands there is not such a document.
        StorageError: the store cannot be read.
    """
    try:
        data = store.get(key).data
    except ObjectMissingError:
        return None
    return parse_document(data, kind, f"{key} in {store.uri}")


def parse_document(data: bytes, kind: type[Document], where: str) -> Document:
    """The document in these bytes.

    Raises:
        DamagedError: they are not such a document; the message says `where`.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise DamagedError(f"{where} is not a {kind.__name__}: {first_problem(error)}") from error


def as_bytes(document: Report) -> bytes:
    """The document as it stands in the store."""
    return document.to_json().encode()
