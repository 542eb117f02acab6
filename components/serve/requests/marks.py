"""Marks on request: who asks for one, and how it comes with an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from components.contracts.mark import PublicKeys
from components.marking.signing import MARK_KEY, Signer
from components.serve.personas.model import Model
from components.serve.problems import Kind, Problem
from components.serve.requests.answers import Wording
from components.serve.requests.generation import Ask, SampleDelta

FIELD = "mark"
HEADER = "x-ai-mark"
_SAID = {"true": True, "1": True, "false": False, "0": False}


class Marks:
    """Makes marks, where the operator gave a key."""

    def __init__(self, signer: Signer | None = None) -> None:
        self._signer = signer

    def wanted(self, headers: Mapping[str, str], asked: bool | None) -> bool:
        """Whether a request asks for a mark, in its body or in the header `x-ai-mark`.

        Raises:
            Problem: it does and there is no key, or the header says neither yes nor no.
        """
        said = headers.get(HEADER)
        if said is not None and said.strip().lower() not in _SAID:
            raise Problem(Kind.BAD_REQUEST, f"{HEADER} is neither true nor false", HEADER)
        wanted = bool(asked) or (said is not None and _SAID[said.strip().lower()])
        if wanted and self._signer is None:
            raise Problem(
                Kind.BAD_REQUEST,
                "this server signs no marks: its operator has given it no key "
                f"({MARK_KEY} or {MARK_KEY}_FILE)",
                FIELD,
            )
        return wanted

    def of(self, model: Model, texts: Sequence[str]) -> dict[str, Any]:
        """The mark of what this model wrote, as JSON has it."""
        assert self._signer is not None
        mark = self._signer.mark(model.name, model.version, model.manifest_sha256, texts)
        return mark.model_dump(mode="json")

    def beside(self, wanted: bool, model: Model, texts: Sequence[str]) -> dict[str, Any]:
        """What an answer has of it: the key `mark`, or nothing."""
        return {FIELD: self.of(model, texts)} if wanted else {}

    def streamed(self, wanted: bool, wording: Wording, ask: Ask) -> Wording:
        """The same stream, in which the last event has the mark of all that was shown."""
        if not wanted:
            return wording
        texts: dict[int, str] = dict.fromkeys(range(ask.n * len(ask.prompts)), "")
        unfinished = set(texts)

        def piece(model: Model, delta: SampleDelta) -> dict[str, Any]:
            texts[delta.index] += delta.text
            if delta.finish_reason:
                unfinished.discard(delta.index)
            document = wording.piece(model, delta)
            return (
                document if unfinished else document | self.beside(True, model, [*texts.values()])
            )

        return replace(wording, piece=piece)

    def public_keys(self) -> PublicKeys:
        """What marks of this server can be checked with."""
        return self._signer.public_keys() if self._signer else PublicKeys(keys=())
