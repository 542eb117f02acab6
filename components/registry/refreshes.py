"""The reports of a persona's refreshes, beside its versions: numbered, and never changed."""

import re
from contextlib import suppress

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.contracts.refresh import RefreshReport
from components.registry.documents import as_bytes, read_document
from components.storage import ConflictError, Store
from components.storage.retry import attempts

_KEY = re.compile(r"[^/]+/refreshes/([1-9][0-9]*)\.json")


def refreshes(store: Store, persona: str) -> list[int]:
    """The numbers of the reports, in order."""
    found = (_KEY.fullmatch(one.key) for one in store.list(_folder(persona)))
    return sorted(int(match[1]) for match in found if match)


def read_refresh(store: Store, persona: str, number: int) -> RefreshReport:
    """One report.

    Raises:
        BadInputError: there is no such report.
    """
    report = read_document(store, _key(persona, number), RefreshReport)
    if report is None:
        raise BadInputError(f"{persona} has no refresh {number} in {store.uri}")
    return report


def keep_refresh(store: Store, report: RefreshReport) -> RefreshReport:
    """Keep the report under the next number, which it is given."""
    for _ in attempts():
        number = max(refreshes(store, report.persona), default=0) + 1
        numbered = report.model_copy(update={"number": number})
        with suppress(ConflictError):
            store.create(_key(report.persona, number), as_bytes(numbered))
            return numbered
    raise ConflictError(f"{_folder(report.persona)} in {store.uri} is written by too many at once")


def delete_refresh(store: Store, persona: str, number: int) -> None:
    """Delete a report that names somebody who is to be forgotten."""
    store.delete(_key(persona, number))


def _folder(persona: str) -> str:
    return f"{check_persona(persona)}/refreshes/"


def _key(persona: str, number: int) -> str:
    return f"{_folder(persona)}{number}.json"
