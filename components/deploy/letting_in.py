"""The first second of a pod, in which others may refuse it."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_fixed,
)

from components.runtime.patience import IN_CLUSTER
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
    again = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_delay(PATIENCE_SECONDS if environment.get(IN_CLUSTER) else 0.0),
        wait=wait_fixed(PAUSE_SECONDS),
        before_sleep=_say,
        reraise=True,
    )
    return again(ask)


def _say(state: RetryCallState) -> None:
    log.info("not reached yet: %s", state.outcome and state.outcome.exception())
