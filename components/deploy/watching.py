"""Which serving pods there are: listed once, then watched.

It goes on from the last resourceVersion that was seen, be it a bookmark's, and lists anew on 410
Gone: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from kubernetes.client import ApiException  # type: ignore[import-untyped]
from kubernetes.watch import Watch  # type: ignore[import-untyped]
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_any,
    stop_when_event_set,
    wait_chain,
    wait_fixed,
)
from urllib3.exceptions import HTTPError

from components.deploy.cluster import Cluster
from components.deploy.pods import Pod
from components.runtime.cluster import (
    BAD_REQUEST,
    FORBIDDEN,
    GONE,
    MISSING,
    UNAUTHORIZED,
    ClusterError,
    said_by_kubernetes,
)
from components.runtime.errors import reason

log = logging.getLogger(__name__)

WATCH_SECONDS = 30
"""After which the server ends a watch, and another one begins."""
SILENCE_SECONDS = WATCH_SECONDS + 10.0
"""After which a watch that says nothing, not even its end, is given up."""
OPEN_SECONDS = 60.0
"""In which the pods must have been listed once; a new pod may be let in late."""
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Before each next try, by the failures in a row."""
STEADY_SECONDS = 5.0
"""A watch that was open for so long has worked, though it breaks."""
OUTAGE_SECONDS = 600.0
"""In which a watch must have worked again; else the API is given up."""
PROBLEMS = (ApiException, HTTPError, ValueError, KeyError, TypeError)
"""What a watch may break with."""
FINAL = (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, MISSING)
"""Statuses that will not change by asking again."""


class Watching:
    """The pods with these labels, kept up to date by a thread until the block ends."""

    def __init__(self, cluster: Cluster, selector: str) -> None:
        self.cluster, self.selector = cluster, selector
        self.trouble: ClusterError | None = None
        """Why what is known of the pods may be old; None while they are watched."""
        self._pods: dict[str, Pod] = {}
        self._version: str | None = None
        self._response: Any = None
        self._since: float | None = None
        self._stopped, self._opened = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="pods", daemon=True)

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            ClusterError: the pods may not be listed or watched, or nobody answers.
        """
        self._thread.start()
        self._opened.wait(OPEN_SECONDS)
        if self.trouble or not self._opened.is_set():
            self.__exit__()
            raise self.trouble or ClusterError(f"{self._place} does not answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._hang_up()
        self._thread.join(SILENCE_SECONDS)
        self.cluster.close()

    @property
    def pods(self) -> list[Pod]:
        """Every pod that serves or will, by name."""
        there = (pod for pod in self._pods.copy().values() if not pod.has_ended)
        return sorted(there, key=lambda pod: pod.name)

    @property
    def ready(self) -> list[Pod]:
        """Those that answer requests, by name."""
        return [pod for pod in self.pods if pod.is_ready]

    @property
    def _place(self) -> str:
        return f"the Kubernetes API at {self.cluster.host}"

    def _follow(self) -> None:
        """One watch after the other, until the block ends or the API is given up."""
        again = Retrying(
            retry=retry_if_exception_type(PROBLEMS),
            after=self._note_failure,
            stop=stop_any(stop_when_event_set(self._stopped), stop_after_delay(OUTAGE_SECONDS)),
            wait=wait_chain(*map(wait_fixed, PAUSES)),
            sleep=sleep_using_event(self._stopped),
        )
        try:
            while not self._stopped.is_set():
                again(self._watch)
                self._stopped.wait(PAUSES[1])
        except RetryError:
            if not self._stopped.is_set():
                why = self.trouble or f"{self._place} ends every watch"
                self.trouble = ClusterError(f"{why}; given up after {OUTAGE_SECONDS:g} s")
                log.warning("%s", self.trouble)

    def _watch(self) -> None:
        """One watch, until the server ends it, or it breaks after it has worked."""
        if self._version is None:
            self._list()
        self._since = None
        try:
            for event in self._events():
                self._take(event)
        except PROBLEMS as error:
            if self._since is None or time.monotonic() - self._since < STEADY_SECONDS:
                raise
            self._note(error)

    def _note_failure(self, state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        if isinstance(error, Exception):
            self._note(error)

    def _list(self) -> None:
        response = self.cluster.pods(self.selector)
        with response:
            listed = json.loads(response.read())
        pods = [Pod.of(item) for item in listed["items"]]
        self._pods = {pod.uid: pod for pod in pods}
        self._version = listed["metadata"]["resourceVersion"]

    def _events(self) -> Iterator[dict[str, Any]]:
        """One watch, until the server ends it."""

        def open_watch(**query: Any) -> Any:
            timeout = (5.0, SILENCE_SECONDS)
            self._response = self.cluster.pods(self.selector, _request_timeout=timeout, **query)
            self.trouble, self._since = None, time.monotonic()
            self._opened.set()
            if self._stopped.is_set():  # meanwhile
                self._hang_up()
            return self._response

        stream: Iterator[dict[str, Any]] = Watch(return_type="object").stream(
            open_watch,
            resource_version=self._version,
            allow_watch_bookmarks=True,
            timeout_seconds=WATCH_SECONDS,
        )
        return stream

    def _hang_up(self) -> None:
        """End the reading of the watch, which the thread may be waiting in."""
        with suppress(AttributeError, ValueError, RuntimeError, OSError):  # it ended by itself
            self._response.shutdown()

    def _take(self, event: dict[str, Any]) -> None:
        document = event["raw_object"]
        self._version = document["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        pod = Pod.of(document)
        if event["type"] == "DELETED":
            self._pods.pop(pod.uid, None)
        else:
            self._pods[pod.uid] = pod

    def _note(self, error: Exception) -> None:
        """Remember what is wrong; at the start, what will not heal by itself is told at once."""
        status = error.status if isinstance(error, ApiException) else None
        if status == GONE:
            self._version = None
            log.info("the watch on pods is too old to go on; listing them anew")
            return
        self.trouble = self._said(error, status)
        log.debug("watching pods: %s", self.trouble)
        if status in FINAL:
            self._opened.set()

    def _said(self, error: Exception, status: int | None) -> ClusterError:
        if status == FORBIDDEN:
            return ClusterError(self._missing_rule(error))
        if status == UNAUTHORIZED:
            return ClusterError(f"{self._place} does not know this pod's token")
        what = said_by_kubernetes(error) if status else reason(error)
        return ClusterError(f"{self._place} cannot be asked: {what}")

    def _missing_rule(self, error: Exception) -> str:
        verb, namespace = "list" if self._version is None else "watch", self.cluster.namespace
        return (
            f"this service account may not {verb} the serving pods in the namespace {namespace} "
            f"({said_by_kubernetes(error)}); bind it to a Role there with the rule "
            '{apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}, as the chart '
            f"huggingtweets-pipelines does for deploy.servingNamespaces={{{namespace}}}"
        )
