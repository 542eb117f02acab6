"""`huggingtweets push`: a published version to the Hugging Face Hub."""

import argparse
import os

from components.contracts.errors import BadInputError
from components.push.config import PushConfig
from components.registry.command import REGISTRY_VARIABLE
from components.runtime.flags import a_name, add_flags, read_config
from components.runtime.patience import waiting_for_stores


def add_push_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `push` to the command line."""
    about = "copy a published version to the Hugging Face Hub"
    parser = commands.add_parser("push", help=about, description=about)
    parser.add_argument(
        "target",
        metavar="PERSONA[@VERSION]",
        help="what to push; the version by its number or an alias (default: production, or latest "
        "while nothing is in production)",
    )
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        default=os.environ.get(REGISTRY_VARIABLE),
        required=not os.environ.get(REGISTRY_VARIABLE),
        help=f"a path, file://, gs:// or s3:// (default: ${REGISTRY_VARIABLE})",
    )
    parser.add_argument(
        "--to", type=a_name, required=True, metavar="OWNER/NAME", help="the repository on the Hub"
    )
    parser.add_argument(
        "--no-gate",
        action="store_true",
        help="push a version that did not pass the gate, too; its card says so",
    )
    parser.add_argument("--json", action="store_true", help="write a report of what was done")
    add_flags(parser, PushConfig)
    parser.set_defaults(run=push)


def push(given: argparse.Namespace) -> int:
    """Push the version; print its address."""
    config = read_config(PushConfig, given, os.environ)
    persona, at, version = given.target.partition("@")
    if not persona or (at and not version):
        raise BadInputError(
            f"{given.target!r} is not PERSONA[@VERSION], as in jane, jane@3 or jane@latest"
        )
    from components.push.stage import run  # the Hub's client takes time to import

    with waiting_for_stores(os.environ):
        report = run(
            config,
            registry=given.registry,
            name=persona,
            version=version or None,
            to=given.to,
            no_gate=str(given.no_gate),
        )
    print(report.to_json() if given.json else report.url, end="" if given.json else "\n")
    return 0
