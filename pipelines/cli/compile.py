"""`huggingtweets compile`: the pipeline as a package that Kubeflow or Vertex AI takes."""

import argparse
import logging

from components.contracts.errors import BadInputError
from components.runtime.flags import a_path
from pipelines.kubeflow.images import step_images
from pipelines.kubeflow.package import write_forget_package, write_package
from pipelines.nodes import ANYWHERE, add_node_flags, nodes_given
from pipelines.pushing import add_push_flags, push_given

log = logging.getLogger(__name__)

TARGETS = ("kfp", "vertex")
SOURCES = ("one", "several")
PERSONA, FORGET = "persona", "forget"
"""The pipelines."""


def add_compile_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compile` to the command line."""
    parser = commands.add_parser("compile", help="write the pipeline for Kubeflow or Vertex AI")
    parser.add_argument("--target", choices=TARGETS, default="kfp", help="(default: kfp)")
    add_pipeline_flag(parser)
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


def add_pipeline_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that chooses between the pipelines."""
    parser.add_argument(
        "--pipeline",
        choices=(PERSONA, FORGET),
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
        "--gpus", type=a_count, default=1, metavar="N", help="of the train step (default: 1)"
    )
    add_node_flags(parser)
    add_push_flags(parser)


def a_count(text: str) -> int:
    """A whole number from 0, for argparse."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


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
    push = push_given(given)
    if push and given.target == "vertex":
        raise BadInputError(
            "--push-to: a step on Vertex AI gets no Secret, so it has no token for the Hub; push "
            "with `huggingtweets push` afterwards"
        )
    platform = Platform(given.target, images, given.gpus, train, every, push=push)
    if given.pipeline == FORGET:
        write_forget_package(platform, given.output)
        log.info("wrote the pipeline forget for %s to %s", given.target, given.output)
        return 0
    write_package(platform, given.output, one_source=given.sources == "one")
    log.info(
        "wrote the pipeline persona for %s, for runs with %s, to %s",
        given.target,
        "one source" if given.sources == "one" else "one source or several",
        given.output,
    )
    return 0
