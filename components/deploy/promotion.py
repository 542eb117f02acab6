"""From candidate to production, each alias moved by compare-and-swap; and back where need be."""

import logging

from components.contracts.registry import Alias
from components.deploy.errors import NotDeployedError
from components.deploy.rollout_check import RolloutCheck
from components.registry import CANDIDATE, PRODUCTION, Registry

log = logging.getLogger(__name__)


class MovedOn(Exception):  # noqa: N818 - it is what happened
    """Somebody else has moved production since this deployment did."""


class Promotion:
    """The way of one version into production, while others may be on theirs."""

    def __init__(self, registry: Registry, persona: str, version: int) -> None:
        self._registry, self._persona, self._version = registry, persona, version

    def run(self, trial: RolloutCheck) -> None:
        """Make the version the candidate; once all pods wrote by it, move production there.

        Raises:
            NotDeployedError: production does not point there: the pods did not load the version,
                another one became the candidate meanwhile, or the pods did not follow production.
        """
        candidate = self._registry.move_alias(self._persona, CANDIDATE, self._version)
        log.info("version %d of %s is the candidate", self._version, self._persona)
        try:
            trial.loaded_by_all(self._still_the_candidate)
            production = self._registry.move_alias(
                self._persona, PRODUCTION, self._version, check=self._still_the_candidate
            )
            log.info("production of %s moved to version %d", self._persona, self._version)
            self._see_it_followed(trial, production)
        except BaseException:  # an interruption, too: the pods are to let go of it
            self._registry.undo_move(self._persona, CANDIDATE, candidate)
            raise

    def _see_it_followed(self, trial: RolloutCheck, production: Alias) -> None:
        def still_there() -> None:
            if self._registry.alias(self._persona, PRODUCTION) != production:
                raise MovedOn

        try:
            trial.followed_by_all(still_there)
        except MovedOn:
            log.warning("production of %s was moved on by somebody else", self._persona)
        except NotDeployedError:
            if self._registry.undo_move(self._persona, PRODUCTION, production):
                raise
            log.warning("production of %s was moved on by somebody else", self._persona)

    def _still_the_candidate(self) -> None:
        now = self._registry.alias(self._persona, CANDIDATE)
        if now is None or now.version != self._version:
            other = f"version {now.version}" if now else "none"
            raise NotDeployedError(
                "overtaken",
                f"another deployment came between: the candidate of {self._persona} is {other} "
                f"now; version {self._version} was not moved to production",
            )
