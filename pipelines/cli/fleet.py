"""`huggingtweets fleet`: many personas from one list; `fleet status` says what came of each."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.contracts.errors import BadInputError
from components.contracts.fleet import FleetItem, FleetList
from components.evaluate.rules import gate_text
from components.registry import Registry
from components.registry.command import REGISTRY_VARIABLE
from components.registry.fleets import FleetBook, the_only_fleet
from components.runtime.flags import a_name
from components.runtime.patience import waiting_for_stores
from components.storage import open_store
from components.text.terminal import printable
from pipelines.fleet.manifest import OPTIONS, check_seen_by_pods
from pipelines.fleet.order import (
    Fleet,
    add_fleet_flags,
    add_working_flags,
    begin,
    fleet_of,
    work,
    working_folder,
)
from pipelines.kubeflow.submitted import add_kubeflow_flags, root_given, store_uri, submitted
from pipelines.steps import alone_in

STATES = ("published", "failed", "running", "waiting")


def add_fleet_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `fleet` and `fleet status` to the command line."""
    about = "many personas from one list"
    parser = commands.add_parser("fleet", help=about, description=about)
    add_registry_flag(parser)
    add_fleet_flags(parser)
    add_working_flags(parser)
    parser.add_argument(
        "--runner",
        choices=("local", "docker"),
        default="local",
        help="docker: the pipeline of the cluster, each shard in a container (default: local)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_kubeflow_flags(parser)
    parser.set_defaults(run=run_fleet)
    below = parser.add_subparsers(metavar="COMMAND", title="commands")
    about = "what came of each persona of a fleet"
    status = below.add_parser("status", help=about, description=about)
    status.add_argument(
        "fleet", metavar="FLEET", type=a_name, nargs="?", help="(default: the only one)"
    )
    add_registry_flag(status)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=print_fleet_status)


def add_registry_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names the registry."""
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help=f"a path, file://, gs:// or s3:// (default: ${REGISTRY_VARIABLE})",
    )


def registry_given(given: argparse.Namespace) -> str:
    """The URI that the flag or the variable names; of a path, the whole path.

    Raises:
        BadInputError: neither does.
    """
    uri: str | None = given.registry or os.environ.get(REGISTRY_VARIABLE)
    if not uri:
        raise BadInputError(f"name the registry with --registry URI or ${REGISTRY_VARIABLE}")
    return uri if "://" in uri else os.path.abspath(os.path.expanduser(uri))  # noqa: PTH100, PTH111


def run_fleet(given: argparse.Namespace) -> int:
    """Make what the list names; 1 where a persona failed.

    A shard ends well where every persona of it came to an end: to try the whole shard again would
    help none.
    """
    fleet = fleet_of(given, registry_given(given))
    if given.kubeflow:
        return _submit(fleet, given)
    if given.runner == "docker":
        _in_docker(fleet, given)
    else:
        with waiting_for_stores(os.environ):
            work(fleet, given)
    items = _items(fleet)
    print_fleet(fleet.listed, items, as_json=given.json)
    return 0 if given.shard or all(one and one.state == "published" for one in items) else 1


def _in_docker(fleet: Fleet, given: argparse.Namespace) -> None:
    if given.images is None or given.shard:
        raise BadInputError(
            "--runner docker needs --images, as `make images` writes it, and does every shard"
        )
    from pipelines.fleet.in_docker import check_for_docker, run_fleet_in_docker  # so does Docker

    check_for_docker(fleet)
    out = working_folder(fleet, given)
    with alone_in(out):
        begin(fleet)
        run_fleet_in_docker(fleet, given.images, _options(given), out)


def _submit(fleet: Fleet, given: argparse.Namespace) -> int:
    """Start the pipeline; the list goes along under its digest, as it is now."""
    from pipelines.fleet.pipeline import fleet_pipeline  # kfp takes a second to import

    check_seen_by_pods(fleet.manifest)
    root = root_given(given)
    registry = store_uri("--registry", fleet.registry)
    arguments = {
        "manifest": _uploaded(fleet, root),
        "registry": registry,
        "name": fleet.name,
        "options": _options(given),
    }
    begin(fleet)
    print(
        submitted(
            given,
            "fleet",
            f"fleet {fleet.name}",
            lambda platform: fleet_pipeline(platform, fleet.shards),
            arguments,
        )
    )
    return 0


def _options(given: argparse.Namespace) -> dict[str, Any]:
    """What was said, for workers elsewhere."""
    options = {name: value for name, value in vars(given).items() if name in OPTIONS}
    if "gate" in options:
        options["gate"] = gate_text(options["gate"])
    again = {"retry_failed": True} if given.retry_failed else {}
    return {**options, "retries": given.retries, **again}


def _uploaded(fleet: Fleet, root: str) -> str:
    key = f"fleets/{fleet.manifest.sha256}/{fleet.name}.jsonl"
    open_store(root).put(key, fleet.manifest.data)
    return f"{root}/{key}"


def print_fleet_status(given: argparse.Namespace) -> int:
    """Print what the registry knows of a fleet."""
    uri = registry_given(given)
    Registry.open(uri).require()
    book = FleetBook(uri, given.fleet or the_only_fleet(uri))
    listed = book.listed()
    print_fleet(listed, list(book.items(listed)), as_json=given.json)
    return 0


def _items(fleet: Fleet) -> list[FleetItem | None]:
    return list(FleetBook(fleet.registry, fleet.name).items(fleet.listed))


def print_fleet(listed: FleetList, items: Sequence[FleetItem | None], *, as_json: bool) -> None:
    """Print what came of each persona, by state."""
    states = [_state(item, one.line_sha256) for one, item in zip(listed.items, items, strict=True)]
    counts = {state: Counter(states)[state] for state in STATES}
    rows = list(zip(listed.items, items, states, strict=True))
    if as_json:
        personas = [
            {
                "persona": one.persona,
                "state": state,
                "version": item.version if item and state == "published" else None,
                "problem": item.problem if item and state == "failed" else None,
            }
            for one, item, state in rows
        ]
        document = {"fleet": listed.fleet, "counts": counts, "personas": personas}
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("persona", "state", ""):
        table.add_column(name, overflow="fold")
    for one, item, state in sorted(rows, key=lambda row: STATES.index(row[2])):
        said = ""
        if item and state == "published":
            said = f"{one.persona}@{item.version}"
        if item and state == "failed":
            said = printable(item.problem or "")
        table.add_row(Text(one.persona), state, Text(said))
    console.print(table)
    counted = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    console.print(Text(f"fleet {listed.fleet}: {counted} of {len(rows)}"))


def _state(item: FleetItem | None, line_sha256: str) -> str:
    """Of what the list asks for; what an earlier list made is not that."""
    return item.state if item and item.line_sha256 == line_sha256 else "waiting"
