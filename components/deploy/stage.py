"""Bring a published version into production: the serving pods prove it first."""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.contracts.deployment import DeployReport, PodSeen
from components.contracts.errors import BadInputError
from components.contracts.registry import Alias
from components.deploy.asking import Asker
from components.deploy.cluster import Cluster
from components.deploy.config import DeployConfig
from components.deploy.errors import NotDeployedError
from components.deploy.letting_in import once_let_in
from components.deploy.promotion import Promotion
from components.deploy.rollout_check import RolloutCheck
from components.deploy.watching import Watching
from components.registry import PRODUCTION, Registry

log = logging.getLogger(__name__)


def run(
    config: DeployConfig,
    *,
    registry: str,
    name: str,
    version: str,
    deployment_out: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> DeployReport:
    """Move `production` of the persona `name` to `version`, once every serving pod wrote by it.

    Where there is no serving, it moves at once.

    Args:
        config: What can be chosen.
        registry: Where the version is published.
        name: The persona.
        version: The version's number.
        deployment_out: The file that the report is written to, also where the pods refuse.
        environment: Where the cluster and the tokens are named; the process's own if left out.

    Raises:
        BadInputError: there is no such version, or Kubernetes cannot be asked.
        NotDeployedError: the pods did not load it or did not follow, or another deployment came
            between.
        StorageError: the registry cannot be used.
    """
    environment = os.environ if environment is None else environment
    begun = time.monotonic()
    opened, number = Registry.open(registry), _number(version)
    once_let_in(lambda: opened.manifest(name, number), environment)
    asker = Asker(name, number, config.serving_timeout, environment)
    cluster = Cluster.here(environment, config.serving_namespace)
    ended = _on_cluster(config, cluster, opened, asker) if cluster else Ended("no cluster is named")
    if ended.why_unasked:
        opened.move_alias(name, PRODUCTION, number)
        log.info(
            "no serving (%s): production of %s moved to version %d",
            ended.why_unasked, name, number,
        )  # fmt: skip
    report = DeployReport(
        persona=name,
        version=number,
        serving="none" if ended.why_unasked else "pods",
        outcome=ended.problem.outcome if ended.problem else "moved",
        production=_points_to(opened.alias(name, PRODUCTION)),
        namespace=cluster.namespace if cluster else None,
        selector=config.serving_selector if cluster else None,
        pods=ended.pods,
        seconds=round(time.monotonic() - begun, 3),
        problem=str(ended.problem) if ended.problem else None,
    )
    if deployment_out:
        deployment_out.parent.mkdir(parents=True, exist_ok=True)
        report.write(deployment_out)
    if ended.problem:
        raise ended.problem
    return report


@dataclass(frozen=True)
class Ended:
    """How it went at the pods."""

    why_unasked: str = ""
    """Why no pod was asked; empty where they were."""
    pods: tuple[PodSeen, ...] = ()
    problem: NotDeployedError | None = None


def _on_cluster(config: DeployConfig, cluster: Cluster, registry: Registry, asker: Asker) -> Ended:
    """Promote the version under the eyes of the serving pods, if there are any."""
    with Watching(cluster, config.serving_selector) as watching:
        if not watching.pods:
            where = f"no pod in the namespace {cluster.namespace} has the label"
            return Ended(f"{where} {config.serving_selector}")
        trial = RolloutCheck(watching, asker, config.serving_timeout)
        problem = None
        try:
            Promotion(registry, asker.persona, asker.version).run(trial)
        except NotDeployedError as error:
            problem = error
        pods = trial.seen()
    if problem is None:
        log.info("%d serving pods answer with it", sum(pod.followed for pod in pods))
    return Ended(pods=pods, problem=problem)


def _points_to(alias: Alias | None) -> int | None:
    return alias.version if alias else None


def _number(version: str) -> int:
    if not version.isdecimal():
        raise BadInputError(f"--version: {version!r} is not the number of a version")
    return int(version)
