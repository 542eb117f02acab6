"""What a Mastodon server's refusals mean, in one sentence each."""

from components.collect.json_fields import as_object
from components.collect.web.adapter import RefusedError
from components.collect.web.refusals import said_in
from components.contracts.errors import BadInputError

_MEANING = {
    401: "its server does not show these posts without a login; they are not public",
    403: "its server does not show these posts to everybody; they are not public",
    404: "its server has no account of this name: it was deleted, or the name is misspelled",
    410: "its server has suspended or deleted this account; its posts cannot be had",
}
_NO_PLACE = "there is no Mastodon API at this address; if its server is elsewhere, --mastodon-url"


def explain(refusal: RefusedError, about: str) -> BadInputError:
    """The error to raise for a refusal that asking again would not change."""
    body = as_object(refusal.body)
    meaning = _MEANING.get(refusal.status, "its server refuses") if body else _NO_PLACE
    return BadInputError(f"{about}: {meaning} ({refusal.status}){said_in(body, 'error')}")
