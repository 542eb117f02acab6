"""`huggingtweets fleet --runner docker`: the compiled pipeline on this machine, shard by shard.

What a container reads of this machine it sees under the same whole path, so that a line means the
same to every worker.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.collect.config import FileSource
from components.contracts.errors import BadInputError
from components.contracts.images import Images
from components.fetch.found import place_of
from pipelines.fleet.manifest import FleetManifest
from pipelines.fleet.order import Fleet
from pipelines.fleet.pipeline import fleet_pipeline
from pipelines.kubeflow.package import write_pipeline
from pipelines.local.docker_runner import local_images, mount, run_package
from pipelines.platform import Platform

log = logging.getLogger(__name__)


def run_fleet_in_docker(
    fleet: Fleet, images: Path, options: Mapping[str, Any], folder: Path
) -> None:
    """Run every shard in a container, one after the other; one that is killed is tried again.

    Whether all went well is told by the registry.

    Raises:
        BadInputError: Docker or an image is not there, or a container would not see a file.
        StepFailedError: Docker cannot run a shard.
    """
    platform = Platform("kfp", local_images(Images.read(images), images), gpus=0)
    registry = Path(fleet.registry)
    named = {_whole(place) for place in _files(fleet.manifest)}
    places = [place for place in sorted(named) if place.exists()]
    with tempfile.TemporaryDirectory(prefix=".fleet-", dir=folder) as root:
        manifest = Path(root) / f"{fleet.name}.jsonl"
        manifest.write_bytes(fleet.manifest.data)
        package = Path(root) / "fleet.yaml"
        write_pipeline(lambda: fleet_pipeline(platform, fleet.shards), package)
        mounts = [
            mount(str(registry), read_only=False),
            *(mount(str(place)) for place in (manifest, *places)),
        ]
        arguments = {
            "manifest": str(manifest),
            "registry": fleet.registry,
            "name": fleet.name,
            "options": dict(options),
        }
        run_package(package, Path(root), mounts, arguments)


def check_for_docker(fleet: Fleet) -> None:
    """Make sure that containers see what the list names.

    Raises:
        BadInputError: they would not.
    """
    if "://" in fleet.registry:
        raise BadInputError("--registry: with --runner docker it is a folder on this machine")
    for place in _files(fleet.manifest):
        _whole(place)


def _files(manifest: FleetManifest) -> Iterator[str]:
    """What the list names of this machine."""
    for entry in manifest.entries:
        for source in entry.job.sources:
            if isinstance(source, FileSource) and "://" not in source.place:
                yield source.place
        base = entry.job.fetch.base_model
        if place_of(base) == "folder":
            yield base


def _whole(place: str) -> Path:
    if not place.startswith("/"):
        raise BadInputError(
            f"no container sees {place}: with --runner docker the list names files by their whole "
            "path"
        )
    return Path(place)
