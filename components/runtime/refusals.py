"""What a step refused for good, kept where its next attempt finds it.

Kubeflow's launcher ends with 1 whatever the step ended with, so Argo tries bad input again, in a
pod of which nothing is left over from the first. What is left is the place of the outputs in the
store: a task's driver makes it up once, for all attempts of this task in this run
(`provisionOutputs` of backend/src/v2/driver in kubeflow/pipelines), so a mark beside them is seen
by no other. It is no output itself: neither the cache nor a later step knows of it.
"""

import hashlib
import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from components.contracts.errors import HuggingtweetsError
from components.contracts.refusal import Refusal

log = logging.getLogger(__name__)

MARK = "refused.json"
RETRY_INDEX = "KFP_RETRY_INDEX"
"""The attempt, from 0, which Kubeflow tells a step that may be tried again (since 2.17)."""
PATIENCE_SECONDS = 20.0
"""For the store: a mark spares a pod's work, and is not worth waiting for."""

Given = TypeVar("Given")


class RefusedBeforeError(HuggingtweetsError):
    """An earlier attempt of the step ended for good."""

    def __init__(self, refusal: Refusal) -> None:
        """The same sentence and exit code."""
        super().__init__(refusal.sentence)
        self.exit_code = refusal.exit_code


@contextmanager
def refused_once(place: str, command: str) -> Iterator[None]:
    """Do what the block does, unless an earlier attempt of the same step ended for good.

    Args:
        place: the URI or folder that the step's outputs of all attempts lie in.
        command: the line that does the same by hand.

    Raises:
        RefusedBeforeError: an earlier attempt did.
    """
    digest = hashlib.sha256(command.encode()).hexdigest()
    if refusal := _earlier(place, digest):
        log.info("an earlier attempt of this step ended as follows; it is not tried again")
        raise RefusedBeforeError(refusal)
    try:
        yield
    except HuggingtweetsError as error:
        if error.is_final:
            refusal = Refusal(command_sha256=digest, sentence=str(error), exit_code=error.exit_code)
            _within_patience(lambda: _store(place).put(MARK, refusal.to_json().encode()))
        raise


def _earlier(place: str, digest: str) -> Refusal | None:
    """What an earlier attempt of the same line left; a first attempt spares itself the question.

    So does one that a person starts anew in Kubeflow, after mending what was wrong.
    """
    if os.environ.get(RETRY_INDEX) == "0":
        return None
    refusal = _within_patience(lambda: Refusal.model_validate_json(_store(place).get(MARK).data))
    return refusal if refusal and refusal.command_sha256 == digest else None


def _store(place: str) -> Any:
    """The store; imported by name, as stages are: it stands above this floor."""
    return importlib.import_module("components.storage").open_store(place)


def _within_patience(ask: Callable[[], Given]) -> Given | None:
    """What `ask` gives; None where that fails or takes too long, as a step can do without."""
    given: list[Given] = []

    def try_it() -> None:
        try:
            given.append(ask())
        except Exception as error:
            log.debug("no mark: %s", error)

    thread = threading.Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return given[0] if given else None
