"""Bring a published version into production."""

import logging
from pathlib import Path

from components.contracts.deployment import DeployReport
from components.contracts.errors import BadInputError
from components.deploy.config import DeployConfig
from components.registry import Registry

log = logging.getLogger(__name__)


def run(
    config: DeployConfig,
    *,
    registry: str,
    name: str,
    version: str,
    deployment_out: Path | None = None,
) -> DeployReport:
    """Move `production` of the persona `name` to `version`; there is no serving to ask first.

    `deployment_out` is the file that the report is written to.

    Raises:
        BadInputError: there is no such version.
        StorageError: the registry cannot be used.
    """
    if not version.isdecimal():
        raise BadInputError(f"--version: {version!r} is not the number of a version")
    Registry.open(registry).move_alias(name, "production", int(version))
    report = DeployReport(persona=name, version=int(version), serving="none")
    if deployment_out:
        deployment_out.parent.mkdir(parents=True, exist_ok=True)
        report.write(deployment_out)
    log.info("no serving: production of %s moved to version %s", name, version)
    return report
