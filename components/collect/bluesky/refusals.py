"""What Bluesky's refusals mean, in one sentence each."""

from components.collect.json_fields import as_object, as_text
from components.collect.web.adapter import RefusedError
from components.collect.web.refusals import said_in
from components.contracts.errors import BadInputError

_MEANING = {
    "AccountTakedown": "Bluesky has suspended this account; its posts cannot be had",
    "AccountDeactivated": "the owner has deactivated this account; its posts cannot be had",
    "AuthMissing": "it does not show these posts without a login; they are not public",
}
_UNKNOWN = (
    "Bluesky has no account of this name: it was renamed or deleted, or the name is misspelled"
)
_NO_PLACE = "there is no Bluesky API at this address; check --bluesky-url"


def explain(refusal: RefusedError, about: str) -> BadInputError:
    """The error to raise for a refusal that asking again would not change."""
    body = as_object(refusal.body)
    kind, said = as_text(body.get("error")), as_text(body.get("message")).lower()
    meaning = _MEANING.get(kind)
    if meaning is None and ("not found" in said or "resolve handle" in said):
        meaning = _UNKNOWN
    if meaning is None:
        meaning = "Bluesky refuses" if body else _NO_PLACE
    return BadInputError(f"{about}: {meaning} ({refusal.status}){said_in(body, 'message')}")
