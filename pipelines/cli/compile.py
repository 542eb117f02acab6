"""`huggingtweets compile`: the pipeline as a package that Kubeflow or Vertex AI takes."""

import argparse
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from components.contracts.errors import BadInputError
from components.fetch.config import FetchConfig
from components.runtime.flags import a_name, a_path
from pipelines.fleet.shards import FEWEST, MOST, shards_for
from pipelines.kubeflow.images import step_images
from pipelines.kubeflow.package import write_pipeline
from pipelines.nodes import ANYWHERE, add_node_flags, nodes_given
from pipelines.pushing import PushOrder, add_push_flags, push_given
from pipelines.sweep.search import trials_of
from pipelines.sweep.spec import read_spec

if TYPE_CHECKING:
    from kfp.dsl.base_component import BaseComponent

    from pipelines.platform import Platform

log = logging.getLogger(__name__)

TARGETS = ("kfp", "vertex")
SOURCES = ("one", "several")
PERSONA, FORGET = "persona", "forget"
PIPELINES = (PERSONA, FORGET, "refresh", "fleet", "sweep")


def add_compile_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compile` to the command line."""
    parser = commands.add_parser("compile", help="write the pipeline for Kubeflow or Vertex AI")
    add_pipeline_flag(parser, PIPELINES)
    parser.add_argument(
        "--shards", type=a_count, default=FEWEST, metavar="N", help="of fleet (default: 10)"
    )
    parser.add_argument("--sweep", type=a_name, metavar="FILE", help="of sweep: what to try")
    parser.add_argument("--target", choices=TARGETS, default="kfp", help="(default: kfp)")
    parser.add_argument(
        "--sources",
        choices=SOURCES,
        default="one",
        help="how many sources its runs may name; several cost a pod more each (default: one)",
    )
    add_package_flags(parser)
    parser.add_argument(
        "--output", type=a_path, required=True, metavar="FILE", help="the YAML package to write"
    )
    parser.set_defaults(run=compile_pipeline)


def add_pipeline_flag(parser: argparse.ArgumentParser, pipelines: Sequence[str]) -> None:
    """The flag that chooses one of these."""
    parser.add_argument(
        "--pipeline",
        choices=pipelines,
        default=PERSONA,
        help=f"{PERSONA} makes a version, {FORGET} forgets posts that are gone (default: persona)",
    )


def add_package_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that decide what is compiled."""
    group = parser.add_argument_group("the package")
    group.add_argument(
        "--images",
        type=a_path,
        required=True,
        metavar="FILE",
        help="which images to run: build/images.json as `make images` writes it",
    )
    group.add_argument(
        "--allow-tags",
        action="store_true",
        help="name every image by its tag, as those loaded into the nodes are",
    )
    group.add_argument(
        "--gpus",
        type=a_count,
        default=1,
        metavar="N",
        help="of the train step, or of each of its nodes (default: 1)",
    )
    group.add_argument(
        "--nodes",
        type=a_count_from_1,
        default=1,
        metavar="N",
        help="in how many pods train works; several take Kubeflow Trainer (default: 1)",
    )
    add_node_flags(parser)
    add_push_flags(parser)


def a_count(text: str) -> int:
    """A whole number from 0, for argparse."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def a_count_from_1(text: str) -> int:
    """A whole number from 1, for argparse."""
    if not (found := a_count(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return found


def compile_pipeline(given: argparse.Namespace) -> int:
    """Write the package."""
    images = step_images(given.images, allow_tags=given.allow_tags, require_digests=False)
    from pipelines.platform import Platform  # kfp takes a second to import

    train, every = nodes_given(given)
    if given.target == "vertex" and train | every != ANYWHERE:
        raise BadInputError(
            "--node-selector and --toleration are for Kubernetes: Vertex AI chooses its machines "
            "by itself; leave them out"
        )
    if given.target == "vertex" and given.nodes > 1:
        raise BadInputError("--nodes: Vertex AI has no Kubeflow Trainer; give one node more --gpus")
    push = package_push(given)
    if push and given.target == "vertex":
        raise BadInputError(
            "--push-to: a step on Vertex AI gets no Secret, so it has no token for the Hub; push "
            "with `huggingtweets push` afterwards"
        )
    platform = Platform(
        given.target, images, given.gpus, train, every, push=push, node_count=given.nodes
    )
    write_pipeline(_pipeline(given, platform), given.output)
    log.info("wrote the pipeline %s for %s to %s", _said(given), given.target, given.output)
    return 0


def package_push(given: argparse.Namespace) -> PushOrder | None:
    """The push that the pipeline is to end with.

    Raises:
        BadInputError: it is a pipeline that does not push, or `push_given` refuses.
    """
    push = push_given(given)
    if push and given.pipeline != PERSONA:
        raise BadInputError(
            f"--push-to: the pipeline {given.pipeline} pushes nothing; push with `huggingtweets "
            "push` afterwards"
        )
    return push


def _said(given: argparse.Namespace) -> str:
    if given.pipeline not in (PERSONA, "sweep"):
        return str(given.pipeline)
    runs = "runs with one source" if given.sources == "one" else "runs with one source or several"
    return f"{given.pipeline}, for {runs},"


def _pipeline(given: argparse.Namespace, platform: "Platform") -> "Callable[[], BaseComponent]":
    """What makes the pipeline; each takes a second to import.

    Raises:
        BadInputError: a flag that it needs is wrong, or missing.
    """
    one_source = given.sources == "one"
    match given.pipeline:
        case "forget":
            from pipelines.forgetting import forget_pipeline

            return lambda: forget_pipeline(platform)
        case "refresh":
            from pipelines.refresh.pipeline import refresh_pipeline

            return lambda: refresh_pipeline(platform)
        case "fleet":
            from pipelines.fleet.pipeline import fleet_pipeline

            shards = shards_for(MOST, given.shards)
            return lambda: fleet_pipeline(platform, shards)
        case "sweep":
            return _sweep(given, platform, one_source=one_source)
    from pipelines.persona import persona_pipeline

    return lambda: persona_pipeline(platform, one_source=one_source)


def _sweep(
    given: argparse.Namespace, platform: "Platform", *, one_source: bool
) -> "Callable[[], BaseComponent]":
    if given.sweep is None:
        raise BadInputError("--sweep: name the file that says what to try")
    from pipelines.sweep.pipeline import sweep_pipeline

    trials = trials_of(read_spec(given.sweep), 0)
    base_model = FetchConfig().base_model
    return lambda: sweep_pipeline(
        platform, trials, base_model=base_model, train_options={}, sweep="", one_source=one_source
    )
