"""The better one into production, unless somebody moved production on meanwhile."""

import logging
import os

from components.contracts.registry import Manifest
from components.deploy.config import DeployConfig
from components.deploy.errors import NotDeployedError
from components.registry import PRODUCTION, Registry
from components.runtime.flags import read_config

log = logging.getLogger(__name__)


class MovedOnError(Exception):
    """Production is no longer at the champion."""


def bring_into_production(
    registry: Registry, manifest: Manifest, champion: int | None, *, pods: bool
) -> str | None:
    """Move `production` from the champion to the version; with `pods` the serving pods prove it.

    Returns:
        Why it was not moved; None where it was, by this call or an earlier one.
    """
    persona, version = manifest.persona, manifest.version

    def still_the_champion() -> None:
        alias = registry.alias(persona, PRODUCTION)
        now = alias.version if alias else None
        if now not in (champion, version):
            raise MovedOnError(
                f"{persona}@{version} is published and not in production: somebody else moved "
                f"production to version {now} meanwhile"
            )

    try:
        still_the_champion()
        if pods:
            _deploy(registry.store.uri, persona, version)
        elif not _is_there(registry, persona, version):
            registry.move_alias(persona, PRODUCTION, version, check=still_the_champion)
    except (MovedOnError, NotDeployedError) as error:
        return str(error)
    return None


def _is_there(registry: Registry, persona: str, version: int) -> bool:
    alias = registry.alias(persona, PRODUCTION)
    return alias is not None and alias.version == version


def _deploy(registry: str, persona: str, version: int) -> None:
    from components.deploy.stage import run  # Kubernetes' client takes time to import

    config = read_config(DeployConfig, {}, os.environ)
    run(config, registry=registry, name=persona, version=str(version))
