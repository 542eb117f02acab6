"""Any pipeline on Kubeflow: compiled for the images at hand, then run, or run now and again."""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.contracts.errors import BadInputError
from components.runtime.flags import a_name, a_path
from pipelines.kubeflow.connection import KubeflowConnection, add_connection_flags
from pipelines.kubeflow.cron import six_fields
from pipelines.kubeflow.images import step_images
from pipelines.kubeflow.package import write_pipeline
from pipelines.nodes import add_node_flags, nodes_given

if TYPE_CHECKING:
    from kfp.dsl.base_component import BaseComponent

    from pipelines.platform import Platform


def add_kubeflow_flags(parser: argparse.ArgumentParser, *, recurring: bool = False) -> None:
    """The flags of a command that runs on this machine, or with `--kubeflow` on a cluster."""
    group = parser.add_argument_group("on a cluster")
    group.add_argument(
        "--kubeflow", action="store_true", help="run it as a pipeline on Kubeflow, and end here"
    )
    group.add_argument(
        "--images", type=a_path, metavar="FILE", help="which images: build/images.json"
    )
    group.add_argument(
        "--allow-tags", action="store_true", help="name every image by its tag, not by its digest"
    )
    group.add_argument(
        "--pipeline-root", type=a_name, metavar="URI", help="where artifacts go: gs://… or s3://…"
    )
    group.add_argument("--service-account", type=a_name, metavar="NAME", help="of the steps")
    if recurring:
        group.add_argument(
            "--cron",
            type=a_name,
            metavar="FIELDS",
            help="now and again: second, minute, hour, day of month, month, day of week",
        )
    add_node_flags(parser)
    add_connection_flags(parser, required=False)


def submitted(
    given: argparse.Namespace,
    name: str,
    title: str,
    pipeline: "Callable[[Platform], BaseComponent]",
    arguments: Mapping[str, Any],
    gpus: int = 0,
    node_count: int = 1,
) -> str:
    """Start a run of this pipeline, or have it run now and again; the page where it is seen.

    Raises:
        BadInputError: a flag is missing or wrong, or the host refuses.
    """
    cron = vars(given).get("cron")
    fields = six_fields(cron) if cron else None
    if given.images is None:
        raise BadInputError("--images: name the file, as `make images` writes it")
    images = step_images(given.images, allow_tags=given.allow_tags, require_digests=True)
    root = root_given(given)
    if not given.host:
        raise BadInputError(
            "--host: name the Kubeflow Pipelines host, or set KF_PIPELINES_ENDPOINT"
        )
    connection, nodes = KubeflowConnection.of(given), nodes_given(given)

    from pipelines.kubeflow.client import Kubeflow, Order  # kfp takes a second to import
    from pipelines.platform import Platform

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / f"{name}.yaml"
        platform = Platform("kfp", images, gpus, *nodes, node_count=node_count)
        write_pipeline(lambda: pipeline(platform), package)
        order = Order(package, title[:200], dict(arguments), root, given.service_account)
        kubeflow = Kubeflow(connection)
        if fields:
            return connection.schedule_url(kubeflow.schedule(order, fields))
        return connection.run_url(kubeflow.submit(order))


def root_given(given: argparse.Namespace) -> str:
    """The pipeline root that the flags name.

    Raises:
        BadInputError: they name none that pods reach.
    """
    if given.pipeline_root is None:
        raise BadInputError("--pipeline-root: say where artifacts go: gs://… or s3://…")
    return store_uri("--pipeline-root", given.pipeline_root)


def store_uri(flag: str, uri: str) -> str:
    """The URI without a slash at its end.

    Raises:
        BadInputError: it is no place that pods reach.
    """
    if not uri.startswith(("gs://", "s3://")) or not uri.split("://", 1)[1].strip("/"):
        raise BadInputError(
            f"{flag}: {uri!r} is not a place that pods reach: give gs://… or s3://…"
        )
    return uri.rstrip("/")
