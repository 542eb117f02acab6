"""Reading the registry's documents from a store."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from components.contracts.base import Report, first_problem
from components.contracts.errors import BadInputError
from components.runtime.files import whole_file
from components.storage import ConflictError, Content, ObjectMissingError, Store
from components.storage.retry import attempts

log = logging.getLogger(__name__)


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


def read_or_copy(
    read: Callable[[], Document],
    kind: type[Document],
    cache: Path | None,
    *,
    list_of: str,
    who: str,
) -> Document:
    """What `read` gives, kept at `cache`; the copy there where it cannot be read.

    `list_of` and `who` name the list in the warning and in the error.

    Raises:
        BadInputError: it cannot be read and there is no copy.
    """
    try:
        listed = read()
    except BadInputError as error:
        if cache is None or not cache.is_file():
            raise BadInputError(f"cannot read {who}, so nothing goes on: {error}") from error
        log.warning("the list of %s is an earlier copy: %s", list_of, error)
        return kind.read(cache)
    if cache is not None:
        with whole_file(cache) as draft:
            draft.write_bytes(as_bytes(listed))
    return listed


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


def change_document(
    store: Store, key: str, empty: Document, change: Callable[[Document], Document]
) -> Document:
    """Swap the document at `key` for a changed one, against any number of others who change it.

    `change` is asked again where somebody was faster; `empty` is what it is given where there is no
    document. One that changes nothing writes nothing.

    Raises:
        DamagedError: what stands there is not such a document.
        ConflictError: too many others change it.
    """
    for _ in attempts():
        content = _content(store, key)
        where = f"{key} in {store.uri}"
        before = parse_document(content.data, type(empty), where) if content else empty
        after = change(before)
        if after == before:
            return before
        with suppress(ConflictError):
            if content:
                store.swap(key, as_bytes(after), content.version)
            else:
                store.create(key, as_bytes(after))
            return after
    raise ConflictError(f"{key} in {store.uri} is changed by too many at once; try again")


def _content(store: Store, key: str) -> Content | None:
    try:
        return store.get(key)
    except ObjectMissingError:
        return None
