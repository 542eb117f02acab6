"""The sweep that runs belong to, in Weights & Biases."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from components.tracking.names import SWEEP_ID
from components.tracking.tracker import is_on

log = logging.getLogger(__name__)


def sweep_id(document: Mapping[str, Any], own: str, environment: Mapping[str, str]) -> str:
    """The id of a sweep with this configuration.

    It is that of WANDB_SWEEP_ID where a sweep was begun elsewhere; online W&B begins one and gives
    the id; offline, and without W&B, it is `own`, which syncing keeps.
    """
    if given := environment.get(SWEEP_ID, "").strip():
        return given
    if not is_on(environment) or environment.get("WANDB_MODE") == "offline":
        return own
    try:
        from components.tracking.wandb_backend import begin_sweep  # takes a second to import

        return begin_sweep(document)
    except Exception as error:  # a tracker that fails costs a warning
        log.warning("W&B knows nothing of the sweep: %s", error)
        return own


@contextmanager
def in_sweep(sweep: str) -> Iterator[None]:
    """Within the block every tracked run belongs to the sweep."""
    before = os.environ.get(SWEEP_ID)
    os.environ[SWEEP_ID] = sweep
    try:
        yield
    finally:
        if before is None:
            del os.environ[SWEEP_ID]
        else:
            os.environ[SWEEP_ID] = before
