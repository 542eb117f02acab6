"""Giving up a store soon, so that what fails every time fails in seconds."""

import pytest

from components.storage import gcs, retry

SECONDS = 1.0


def give_up_soon(patch: pytest.MonkeyPatch | None = None) -> None:
    """Shorten every wait for a store: for good, or as long as `patch` lasts."""
    patch = patch or pytest.MonkeyPatch()
    for wait in ("DEADLINE", "CONNECT_TIMEOUT", "READ_TIMEOUT"):
        patch.setattr(retry, wait, SECONDS)
    patch.setattr(gcs, "TIMEOUT", (SECONDS, SECONDS))
    patch.setitem(gcs.ONCE, "timeout", (SECONDS, SECONDS))
