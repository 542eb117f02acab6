"""Asking every ready pod until all have answered as they should, while pods come and go."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from components.contracts.deployment import DeployOutcome, PodSeen
from components.deploy.asking import Answer, Asker
from components.deploy.errors import NotDeployedError
from components.deploy.pods import Pod
from components.deploy.watching import Watching

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 16
ASK_EVERY = 0.5
"""Seconds before a pod is asked again, and before the aliases are looked at again."""
LOOK_EVERY = 0.1


class RolloutCheck:
    """What the pods are asked in the course of one deployment, and what they said."""

    def __init__(self, watching: Watching, asker: Asker, seconds: float) -> None:
        self._watching, self._asker, self._seconds = watching, asker, seconds
        self._loaded: dict[Pod, Answer] = {}
        self._followed: dict[Pod, Answer] = {}

    def loaded_by_all(self, check: Callable[[], None]) -> None:
        """Return once every ready pod gave a post from the version, named by its number.

        `check` is called now and then; what it raises ends the waiting.

        Raises:
            NotDeployedError: the time is up.
        """
        Round(self._watching, self._asker.by_number, self._loaded, check).run(
            self._seconds, "refused", f"did not load version {self._asker.version}"
        )

    def followed_by_all(self, check: Callable[[], None]) -> None:
        """Return once the persona's bare name gives a post from the version at every ready pod.

        Raises:
            NotDeployedError: the time is up.
        """
        Round(self._watching, self._asker.by_name, self._followed, check).run(
            self._seconds, "moved back", f"did not follow production to {self._asker.version}"
        )

    def seen(self) -> tuple[PodSeen, ...]:
        """What was seen at each pod; of a pod that broke and came back, what was seen last."""
        ready = {pod.uid: pod for pod in self._watching.ready}
        last = {pod.uid: pod for pod in (*self._loaded, *self._followed)} | ready
        return tuple(self._seen(pod, pod.uid in ready) for pod in sorted(last.values(), key=_name))

    def _seen(self, pod: Pod, ready: bool) -> PodSeen:
        loaded, followed = self._loaded.get(pod, Answer()), self._followed.get(pod, Answer())
        standing = self._asker.standing(pod)
        return PodSeen(
            name=pod.name,
            address=pod.address(),
            ready=ready,
            loaded=bool(loaded.post or followed.post),
            followed=bool(followed.post),
            post=followed.post or loaded.post,
            problem=followed.problem or loaded.problem,
            state=standing.state,
            memory_bytes=standing.memory_bytes,
        )


class Round:
    """One question to every ready pod, put again to whoever did not answer as it should."""

    def __init__(
        self,
        watching: Watching,
        ask: Callable[[Pod], Answer],
        answers: dict[Pod, Answer],
        check: Callable[[], None],
    ) -> None:
        self._watching, self._ask, self._answers, self._check = watching, ask, answers, check
        self._asked: dict[Pod, Future[Answer]] = {}
        self._ask_again: dict[Pod, float] = {}

    def run(self, seconds: float, outcome: DeployOutcome, said: str) -> None:
        """Ask until all have answered; what `outcome` is and is `said` if the time runs out."""
        end = time.monotonic() + seconds
        next_check = 0.0
        with ThreadPoolExecutor(ASKED_AT_ONCE, "asking") as pool:
            while True:
                self._collect()
                waited_for = [pod for pod in self._watching.ready if not self._has_answered(pod)]
                in_time = time.monotonic() < end
                if self._is_over(waited_for, in_time=in_time):
                    return
                if not in_time:
                    raise NotDeployedError(outcome, self._complaint(waited_for, seconds, said))
                if time.monotonic() >= next_check:
                    self._check()
                    next_check = time.monotonic() + ASK_EVERY
                for pod in waited_for:
                    self._ask_now(pool, pod)
                time.sleep(LOOK_EVERY)

    def _is_over(self, waited_for: list[Pod], *, in_time: bool) -> bool:
        """Whether all pods answered; once the time is up, an old view of them must do."""
        if self._watching.trouble and in_time:
            return False
        return bool(self._watching.ready) and not waited_for

    def _has_answered(self, pod: Pod) -> bool:
        return pod in self._answers and self._answers[pod].post is not None

    def _ask_now(self, pool: ThreadPoolExecutor, pod: Pod) -> None:
        if pod not in self._asked and time.monotonic() >= self._ask_again.get(pod, 0.0):
            self._asked[pod] = pool.submit(self._ask, pod)

    def _collect(self) -> None:
        for pod, asked in list(self._asked.items()):
            if not asked.done():
                continue
            del self._asked[pod]
            self._ask_again[pod] = time.monotonic() + ASK_EVERY
            answer, before = asked.result(), self._answers.get(pod)
            self._answers[pod] = answer
            if answer != before:
                log.info("%s at %s: %s", pod.name, pod.address(), _in_words(answer))

    def _complaint(self, waited_for: list[Pod], seconds: float, said: str) -> str:
        if not waited_for:
            return f"no serving pod was ready within {seconds:g} s{self._trouble()}"
        words = [f"{pod.name}: {self._why(pod)}" for pod in waited_for]
        return (
            f"{len(waited_for)} of {len(self._watching.ready)} serving pods {said} within "
            f"{seconds:g} s: {'; '.join(words)}{self._trouble()}"
        )

    def _why(self, pod: Pod) -> str:
        answer = self._answers.get(pod)
        return (answer and answer.problem) or "it did not answer in time"

    def _trouble(self) -> str:
        return f"; {self._watching.trouble}" if self._watching.trouble else ""


def _in_words(answer: Answer) -> str:
    return answer.problem or f"it wrote {answer.post!r}"


def _name(pod: Pod) -> str:
    return pod.name
