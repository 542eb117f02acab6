"""Checking a mark: the signature under its claim, and whether a text is one of those it names."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from pydantic import ValidationError

from components.contracts.base import first_problem
from components.contracts.errors import BadInputError
from components.contracts.mark import Mark, MarkClaim
from components.marking.canonical import canonical, from_base64url
from components.marking.keys import BYTE_ORDER_MARK, Keys
from components.marking.texts import text_sha256

_LINE_END = re.compile(r"\r\n|\r|\n")
"""Of a stream of events; other ends of lines, as U+2028, stand within JSON texts as they are."""


class FoundMark(NamedTuple):
    """A mark as it was found."""

    mark: Mark
    signed: bytes
    """The claim as it stands there, in canonical form: with what later versions may say, too."""


def find_mark(text: str, where: str) -> FoundMark:
    """The mark in a text: itself, an answer that holds it, or a stream whose last event does.

    Raises:
        BadInputError: there is none.
    """
    try:
        marks = [mark for document in _documents(text) for mark in _marks(document)]
        if not marks:
            raise BadInputError(f"{where} holds no mark: give one, or an answer with its `mark`")
        raw = marks[-1]
        known = {name: raw["claim"].get(name) for name in MarkClaim.model_fields}
        shown = {"claim": known, "signature": raw.get("signature")}
        mark = Mark.model_validate_json(json.dumps(shown))
        return FoundMark(mark, canonical(raw["claim"]))
    except ValidationError as error:
        raise BadInputError(f"{where} is not a mark: {first_problem(error)}") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{where} is neither a mark nor an answer with one: {error}") from error


def check_mark(found: FoundMark, text: str, keys: Keys) -> list[str]:
    """What is wrong, a sentence each; nothing where the mark is good and names the text.

    Args:
        found: The mark.
        text: As it was given; a line's end after it and a byte order mark before it are allowed
            for, since files end and begin so.
        keys: Who is believed.
    """
    problems = []
    claim = found.mark.claim
    key = keys.get(claim.key_id)
    if key is None:
        known = ", ".join(keys)
        problems.append(f"it names the key {claim.key_id}, which is not among those given: {known}")
    else:
        try:
            key.verify(from_base64url(found.mark.signature), found.signed)
        except (InvalidSignature, ValueError):
            problems.append("its signature is not under this claim: one of the two was changed")
    if not {text_sha256(one) for one in _forms(text)} & set(claim.text_sha256):
        problems.append("it was made for another text")
    return problems


def _forms(text: str) -> Iterator[str]:
    for start in ("", BYTE_ORDER_MARK):
        for end in ("", "\r\n", "\n"):
            if text.startswith(start) and text.endswith(end):
                yield text.removeprefix(start).removesuffix(end)


def _documents(text: str) -> Iterator[Any]:
    """The JSON document, or those of each line or event of a stream."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        yield json.loads(text)
    except ValueError:
        for line in _LINE_END.split(text):
            said = line.removeprefix("data:").strip()
            if said.startswith("{"):
                yield json.loads(said)


def _marks(document: Any) -> Iterator[dict[str, Any]]:
    """The mark that a document is, or holds; in parameters it is the text of one."""
    if not isinstance(document, dict):
        return
    inner = document.get("mark")
    if isinstance(inner, str):
        inner = json.loads(inner)
    if isinstance(document.get("claim"), dict):
        yield document
    elif isinstance(inner, dict) and isinstance(inner.get("claim"), dict):
        yield inner
    elif isinstance(document.get("parameters"), dict):
        yield from _marks({"mark": document["parameters"].get("mark")})
