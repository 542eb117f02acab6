"""Asking a serving pod, by its own address, for a post and for how a version stands there."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests

from components.contracts.environment import INFERENCE_TOKEN, MANAGEMENT_TOKEN
from components.deploy.pods import MANAGEMENT, Pod
from components.runtime.errors import one_line, reason
from components.runtime.secret import secret

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 20.0
"""The longest that a pod may take to be reached, and to answer."""
LONGEST_POST = 280
"""Characters of a post that are kept: the report is to fit into a pod's status."""
OK = 200


@dataclass(frozen=True)
class Answer:
    """What a pod said."""

    post: str | None = None
    """What it wrote, if it is by exactly the version that was to write."""
    problem: str | None = None
    """Why that is not so."""


@dataclass(frozen=True)
class Standing:
    """How a version stands in a pod."""

    state: str | None = None
    memory_bytes: int | None = None


class Asker:
    """Asks for one version of one persona. Safe to use from several threads."""

    def __init__(
        self, persona: str, version: int, seconds: float, environment: Mapping[str, str]
    ) -> None:
        """Wait no longer than `seconds` for one answer; take the tokens from `environment`.

        Raises:
            BadInputError: a token's file cannot be read, or is empty.
        """
        self.persona, self.version = persona, version
        self._timeout = (min(CONNECT_SECONDS, seconds), min(ANSWER_SECONDS, seconds))
        inference, management = (
            secret(environment, name) for name in (INFERENCE_TOKEN, MANAGEMENT_TOKEN)
        )
        self._inference = inference.read() if inference else None
        self._management = management.read() if management else None

    def by_number(self, pod: Pod) -> Answer:
        """Ask for a post from the version, named by its number."""
        return self._ask(pod, f"/predictions/{self.persona}/{self.version}")

    def by_name(self, pod: Pod) -> Answer:
        """Ask the persona's bare name, which production answers to, for a post."""
        return self._ask(pod, f"/predictions/{self.persona}")

    def standing(self, pod: Pod) -> Standing:
        """How the version stands there; nothing is known without a token for the management."""
        if self._management is None:
            return Standing()
        url = f"{pod.address(MANAGEMENT)}/models/{self.persona}/{self.version}"
        with suppress(requests.RequestException, LookupError, TypeError, ValueError):
            response = self._send("GET", url, self._management)
            worker = response.json()[0]["workers"][0]
            return Standing(str(worker["status"]), int(worker["memoryUsage"]))
        return Standing()

    def _ask(self, pod: Pod, path: str) -> Answer:
        try:
            body = {"prompt": "", "n": 1}
            response = self._send("POST", pod.address() + path, self._inference, body)
        except requests.RequestException as error:
            return Answer(problem=f"it cannot be asked: {reason(error)}")
        if response.status_code != OK:
            return Answer(problem=f"it answers {response.status_code}: {_message(response)}")
        try:
            said = response.json()
            wrote = (said["model"], said["model_version"])
            post = said["generations"][0]["text"].strip()[:LONGEST_POST]
        except (LookupError, TypeError, ValueError, AttributeError):
            return Answer(problem=f"it answers what is not a post: {one_line(response.text)}")
        if wrote != (self.persona, str(self.version)):
            return Answer(problem=f"it answers with version {wrote[1]} of {wrote[0]}")
        return Answer(post=post) if post else Answer(problem="it answers with an empty post")

    def _send(
        self, method: str, url: str, token: str | None, body: dict[str, Any] | None = None
    ) -> requests.Response:
        """One request, straight to the pod: the environment's proxies are for elsewhere."""
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return session.request(
                method, url, json=body, headers=headers, timeout=self._timeout,
                allow_redirects=False,
            )  # fmt: skip


def _message(response: requests.Response) -> str:
    with suppress(LookupError, TypeError, ValueError):
        return one_line(str(response.json()["message"]))
    return one_line(response.text)
