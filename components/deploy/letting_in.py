"""The first second of a pod, in which others may refuse it."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from components.deploy.cluster import IN_CLUSTER
from components.storage.errors import TransientError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 1.0

Given = TypeVar("Given")


def once_let_in(ask: Callable[[], Given], environment: Mapping[str, str]) -> Given:
    """What `ask` gives; in a new pod it is asked again for a minute while nobody is reached.

    Kubernetes promises NetworkPolicies only eventually: what lets this pod in may not know it yet.
    https://kubernetes.io/docs/concepts/services-networking/network-policies/#pod-lifecycle

    Raises:
        TransientError: nobody was reached in all this time.
    """
    end = time.monotonic() + (PATIENCE_SECONDS if environment.get(IN_CLUSTER) else 0.0)
    while True:
        try:
            return ask()
        except TransientError as error:
            if time.monotonic() >= end:
                raise
            log.info("not reached yet: %s", error)
            time.sleep(PAUSE_SECONDS)
