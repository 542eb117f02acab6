"""A fleet as a person or a pod asks for it: flags into workers."""

import argparse
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.contracts.fleet import FleetList, check_fleet
from components.registry import Registry
from components.registry.fleets import FleetBook
from components.runtime.flags import a_name, a_path, add_flags
from pipelines.fleet.making import Workshop
from pipelines.fleet.manifest import KINDS, FleetManifest, read_fleet_manifest
from pipelines.fleet.shards import shard_of, shards_for
from pipelines.fleet.worker import Worker
from pipelines.steps import alone_in, make_out

MOST_RETRIES = 100


@dataclass(frozen=True)
class Fleet:
    """One order: who is to be made, and where."""

    name: str
    registry: str
    manifest: FleetManifest
    shards: int

    @property
    def listed(self) -> FleetList:
        """What the registry keeps of it."""
        return FleetList(
            fleet=self.name,
            manifest=self.manifest.place,
            manifest_sha256=self.manifest.sha256,
            shards=self.shards,
            items=tuple(entry.listed for entry in self.manifest.entries),
        )


def add_fleet_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a fleet, then those of the stages, which hold where a line says nothing."""
    group = parser.add_argument_group("the fleet")
    group.add_argument(
        "--manifest",
        type=a_name,
        metavar="URI",
        help="JSON lines, a persona each: a path, gs:// or s3://",
    )
    group.add_argument(
        "--name", type=a_name, metavar="FLEET", help="(default: as the manifest is called)"
    )
    group.add_argument(
        "--shards", type=_count, metavar="N", help="how many workers share it (default: 10 to 25)"
    )
    group.add_argument(
        "--retries",
        type=_retries,
        default=2,
        metavar="N",
        help="how often a persona that failed is tried again (default: 2)",
    )
    group.add_argument(
        "--retry-failed", action="store_true", help="do those again that failed before"
    )
    taken = {"registry"}
    for kind in KINDS:
        add_flags(parser, kind, leave_out=frozenset(taken))
        taken |= set(kind.model_fields)


def add_working_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of one worker."""
    group = parser.add_argument_group("the worker")
    group.add_argument(
        "--shard", type=_count, metavar="K", help="do this one of the shards alone (default: all)"
    )
    group.add_argument(
        "--work",
        type=a_path,
        metavar="DIR",
        help="where unfinished personas lie meanwhile (default: out/fleets/FLEET)",
    )


def fleet_of(given: argparse.Namespace, registry: str) -> Fleet:
    """The order that the flags give; every line of the manifest is right.

    Raises:
        BadInputError: one is not, or a flag is wrong.
    """
    if given.manifest is None:
        raise BadInputError("which personas? give --manifest FILE: JSON lines, a persona each")
    Registry.open(registry)
    manifest = read_fleet_manifest(given.manifest, registry, vars(given), os.environ)
    name = given.name or _stem(given.manifest)
    shards = shards_for(len(manifest.entries), given.shards)
    return Fleet(check_fleet(name), registry, manifest, shards)


def begin(fleet: Fleet) -> FleetBook:
    """Have the registry know of the fleet."""
    Registry.open(fleet.registry).begin()
    book = FleetBook(fleet.registry, fleet.name)
    book.begin(fleet.listed)
    return book


def working_folder(fleet: Fleet, given: argparse.Namespace) -> Path:
    """Where unfinished personas lie meanwhile."""
    out = Path("out/fleets") / fleet.name
    return make_out(given.work or (out / f".shard-{given.shard}" if given.shard else out))


def work(fleet: Fleet, given: argparse.Namespace) -> Counter[str]:
    """Do the fleet, or the one shard that the flags name; how many ended in which state."""
    entries = fleet.manifest.entries
    if given.shard is not None:
        entries = shard_of(entries, given.shard, fleet.shards)
    os.environ.setdefault("WANDB_RUN_GROUP", fleet.name)
    out = working_folder(fleet, given)
    with alone_in(out):
        book = begin(fleet)
        make = Workshop(fleet.name, out).make
        return Worker(book, make, given.retries, given.retry_failed).run(entries)


def _stem(manifest: str) -> str:
    name = manifest.rpartition("/")[2].partition(".")[0]
    try:
        return check_persona(name)
    except BadInputError as error:
        raise BadInputError(f"--name: name the fleet, since {name!r} cannot name one") from error


def _count(text: str) -> int:
    """A whole number from 1, for argparse."""
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) < MOST_RETRIES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 99")
    return int(text)


def _retries(text: str) -> int:
    return 0 if text == "0" else _count(text)
