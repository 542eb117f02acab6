"""`huggingtweets submit` and `schedule`: the pipeline on a Kubeflow host."""

import argparse
import json
import logging
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.collect.config import SOURCES, FileSource, Source
from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.runtime.flags import a_name, add_flags, read_config
from components.train.config import TrainConfig
from pipelines.arguments import check_gpus, stage_arguments
from pipelines.cli.compile import (
    FORGET,
    PERSONA,
    add_package_flags,
    add_pipeline_flag,
    package_push,
)
from pipelines.cli.source_flags import add_account_flags, add_source_flags
from pipelines.cli.status import as_json, connect
from pipelines.kubeflow.connection import add_connection_flags
from pipelines.kubeflow.cron import six_fields
from pipelines.kubeflow.failure import why_failed
from pipelines.kubeflow.following import follow
from pipelines.kubeflow.images import step_images
from pipelines.kubeflow.package import write_package, write_pipeline
from pipelines.kubeflow.run_state import run_state
from pipelines.kubeflow.source_upload import uploaded
from pipelines.kubeflow.submitted import store_uri
from pipelines.nodes import nodes_given
from pipelines.sources import sources_given

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Order

log = logging.getLogger(__name__)

OWN_FLAGS = frozenset({"registry", "no_gate", "gpus", "nodes"})
"""Flags that are said here, in the words of the pipeline."""
FORGET_FLAGS = ("accept_cost", "x_api_url", "bluesky_url", "mastodon_url", "max_wait")
"""Those of how accounts are asked that forget has, too."""


def add_submitting_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add `submit` and `schedule` to the command line."""
    submitting = commands.add_parser("submit", help="run the pipeline on Kubeflow")
    _add_order_flags(submitting)
    submitting.add_argument("--wait", action="store_true", help="follow the run to its end")
    submitting.add_argument(
        "--start-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="with --wait: give up on a step that does not start, as for want of a GPU",
    )
    submitting.add_argument("--json", action="store_true", help="write run_id, url and state")
    submitting.set_defaults(run=submit)
    scheduling = commands.add_parser("schedule", help="run the pipeline on Kubeflow now and again")
    _add_order_flags(scheduling)
    scheduling.add_argument(
        "--cron",
        required=True,
        type=a_name,
        metavar="FIELDS",
        help="when: second, minute, hour, day of month, month, day of week",
    )
    scheduling.add_argument("--json", action="store_true", help="write recurring_run_id and url")
    scheduling.set_defaults(run=schedule)


def _add_order_flags(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_package_flags(parser)
    add_pipeline_flag(parser, (PERSONA, FORGET))
    job = parser.add_argument_group("the job")
    job.add_argument(
        "--pipeline-root",
        required=True,
        type=a_name,
        metavar="URI",
        help="where artifacts go: gs://… or s3://…",
    )
    job.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help="where to publish (default: PIPELINE_ROOT/registry)",
    )
    job.add_argument(
        "--artifacts",
        type=a_name,
        metavar="URI",
        help="for the pipeline forget: where datasets lie (default: PIPELINE_ROOT)",
    )
    job.add_argument(
        "--name", type=a_name, metavar="PERSONA", help="(default: the authors, joined by '-')"
    )
    job.add_argument("--no-gate", action="store_true", help="publish whatever the gate says")
    job.add_argument("--service-account", type=a_name, metavar="NAME", help="that the steps run as")
    add_source_flags(parser, consent_required=False)  # the pipeline forget has none
    add_account_flags(parser)
    taken = set(OWN_FLAGS)
    kinds = (FetchConfig, PrepareConfig, TrainConfig, EvaluateConfig, PublishConfig)
    for kind in kinds:
        add_flags(parser, kind, leave_out=frozenset(taken))
        taken |= set(kind.model_fields)


def submit(given: argparse.Namespace) -> int:
    """Start a run; print where it is, and follow it if asked.

    Raises:
        RunFailedError: it was followed, and failed.
    """
    if given.start_timeout is not None and not given.wait:
        raise BadInputError("--start-timeout: only --wait waits; give both, or neither")
    kubeflow = connect(given)
    with tempfile.TemporaryDirectory() as folder:
        run_id = kubeflow.submit(_order(given, Path(folder)))
    url = kubeflow.connection.run_url(run_id)
    if not given.json:
        print(url, flush=True)
    if given.wait:
        state = follow(kubeflow, run_id, given.start_timeout)
    elif given.json:
        state = run_state(kubeflow.run(run_id))
    else:
        return 0
    failure = why_failed(kubeflow, state) if state.failed else None
    if given.json:
        print(as_json(kubeflow, state, failure))
    if failure:
        raise failure
    return 0


def _seconds(text: str) -> float:
    """Seconds above 0, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def schedule(given: argparse.Namespace) -> int:
    """Have the pipeline run at the times that `--cron` says; print where that is."""
    cron = six_fields(given.cron)
    kubeflow = connect(given)
    with tempfile.TemporaryDirectory() as folder:
        schedule_id = kubeflow.schedule(_order(given, Path(folder)), cron)
    url = kubeflow.connection.schedule_url(schedule_id)
    said = {"recurring_run_id": schedule_id, "url": url}
    print(json.dumps(said, ensure_ascii=False) if given.json else url)
    return 0


def _order(given: argparse.Namespace, folder: Path) -> "Order":
    """What is to run; everything is checked before anything leaves this machine."""
    if given.pipeline == FORGET:
        return _forget_order(given, folder)
    if given.artifacts:
        raise BadInputError(f"--artifacts is for --pipeline {FORGET}; leave it out without")
    images = step_images(given.images, allow_tags=given.allow_tags, require_digests=True)
    root = store_uri("--pipeline-root", given.pipeline_root)
    if given.registry:
        store_uri("--registry", given.registry)
    if given.name:
        check_persona(given.name)
    nodes, push = nodes_given(given), package_push(given)
    arguments = _arguments(given, root)
    sources = sources_given(given)

    from pipelines.kubeflow.client import Order
    from pipelines.platform import Platform

    package = folder / "persona.yaml"
    named_by_digest = all(map(_is_named_by_digest, sources))
    platform = Platform(
        "kfp", images, given.gpus, *nodes, cache_collect=named_by_digest, push=push,
        node_count=given.nodes,
    )  # fmt: skip
    write_package(platform, package, one_source=len(sources) == 1)
    arguments["sources"] = [uploaded(source, root).flags() for source in sources]
    return Order(package, _title(given, sources), arguments, root, given.service_account)


def _forget_order(given: argparse.Namespace, folder: Path) -> "Order":
    """The pipeline `forget`: sources are asked which posts of the datasets are gone."""
    images = step_images(given.images, allow_tags=given.allow_tags, require_digests=True)
    root = store_uri("--pipeline-root", given.pipeline_root)
    if any(getattr(given, kind.flag) for kind in SOURCES):
        raise BadInputError(
            "the pipeline forget finds its sources in the datasets; leave sources out"
        )
    package_push(given)  # there is none
    said = {name: getattr(given, name, None) for name in FORGET_FLAGS}
    options = {name: value for name, value in said.items() if value is not None}

    from pipelines.forgetting import forget_pipeline
    from pipelines.kubeflow.client import FORGET_PIPELINE, Order
    from pipelines.platform import Platform

    package = folder / "forget.yaml"
    platform = Platform("kfp", images, 0, *nodes_given(given))
    write_pipeline(lambda: forget_pipeline(platform), package)
    arguments = {
        "registry": store_uri("--registry", given.registry or f"{root}/registry"),
        "artifacts": store_uri("--artifacts", given.artifacts or root),
        "options": {"gone": True, **options},
    }
    return Order(
        package, "forget what is gone", arguments, root, given.service_account, FORGET_PIPELINE
    )


def _arguments(given: argparse.Namespace, root: str) -> dict[str, Any]:
    """The pipeline's parameters but its sources."""
    train = read_config(TrainConfig, given, os.environ)
    check_gpus(train, given.gpus)
    stages = stage_arguments(
        read_config(PrepareConfig, given, os.environ),
        train,
        read_config(EvaluateConfig, given, os.environ),
        read_config(PublishConfig, given, os.environ),
    )
    base_model = read_config(FetchConfig, given, os.environ).base_model
    if base_model.startswith(("/", ".", "~")) or Path(base_model).exists():
        raise BadInputError(
            f"--base-model: no pod sees {base_model} on this machine; give a Hub id, gs:// or s3://"
        )
    checkpoints = stages.get("checkpoint_uri", f"{root}/checkpoints")
    return {
        **stages,
        "registry": given.registry or f"{root}/registry",
        "name": given.name or "",
        "base_model": base_model,
        "no_gate": given.no_gate,
        "checkpoint_uri": store_uri("--checkpoint-uri", checkpoints),
    }


def _is_named_by_digest(source: Source) -> bool:
    """Whether it is a file of this machine, which is uploaded under its digest."""
    return isinstance(source, FileSource) and "://" not in source.place


def _title(given: argparse.Namespace, sources: list[Source]) -> str:
    """What the host's pages call the run."""
    places = [Path(s.place).name if isinstance(s, FileSource) else s.place for s in sources]
    return f"persona of {given.name or ', '.join(dict.fromkeys(places))}"[:200]
