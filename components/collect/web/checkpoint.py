"""The answers that a server gave so far, kept beside the dataset: none is asked for twice."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.contracts.base import Contract
from components.contracts.errors import BadInputError
from components.runtime.files import whole_file


class AccountRequest(Contract):
    """What was asked for: answers to anything else are of no use."""

    url: str
    handle: str
    since_id: str | None = None
    until_id: str | None = None


class Checkpoint:
    """Answers by name (`account`, `page-0001`, …) in a folder that goes when all is done."""

    def __init__(self, dataset: Path, request: AccountRequest, *, resume: bool) -> None:
        """Take up what an earlier, killed run left for the same request, or start afresh.

        Raises:
            BadInputError: the folder cannot be written to.
        """
        self._folder = _folder_of(dataset)
        self._request = request
        try:
            if not (resume and self._is_of_request()):
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder.mkdir(parents=True)
                self._write("request", request.model_dump())
        except OSError as error:
            raise BadInputError(f"cannot write to {self._folder}: {error.strerror}") from error

    def load(self, name: str) -> dict[str, Any] | None:
        """The answer of this name, if it was kept."""
        try:
            value = json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def save(self, name: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer: whole, or not at all."""
        self._write(name, answer)

    def _is_of_request(self) -> bool:
        return self.load("request") == self._request.model_dump()

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        with whole_file(self._folder / f"{name}.json") as draft:
            draft.write_text(json.dumps(value), encoding="utf-8")


def forget_answers(dataset: Path) -> None:
    """Throw the answers for this dataset away: it is written."""
    shutil.rmtree(_folder_of(dataset), ignore_errors=True)


def _folder_of(dataset: Path) -> Path:
    return dataset.absolute().with_name(f".{dataset.absolute().name}.pages")
