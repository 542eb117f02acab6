"""`huggingtweets forget`: posts or authors go from datasets, models and servers."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import COLLECT_REPORT, PREPARE_REPORT
from components.contracts.errors import BadInputError
from components.forget.config import ForgetConfig, without_targets
from components.registry.command import REGISTRY_VARIABLE
from components.runtime.flags import a_name, a_path, add_flags, read_config
from components.runtime.folders import require_folder
from components.runtime.patience import waiting_for_stores


def add_forget_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `forget` to the command line."""
    about = "take posts or authors out of datasets, models and servers"
    parser = commands.add_parser("forget", help=about, description=about)
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help=f"where the models are (default: ${REGISTRY_VARIABLE})",
    )
    parser.add_argument(
        "--artifacts",
        type=a_name,
        action="append",
        default=[],
        metavar="URI",
        help="a folder, gs:// or s3://, below which datasets lie; repeat it",
    )
    for name in ("raw-dataset", "train-dataset"):
        parser.add_argument(
            f"--{name}",
            type=a_path,
            action="append",
            default=[],
            metavar="DIR",
            help=f"one {name}; repeat it",
        )
    parser.add_argument(
        "--receipt-out",
        type=a_path,
        metavar="DIR",
        help="an empty folder for the receipt (default: forget-<time>)",
    )
    add_flags(parser, ForgetConfig)
    parser.set_defaults(run=forget)


def forget(given: argparse.Namespace) -> int:
    """Forget, and say where the receipt is."""
    config = read_config(ForgetConfig, given, without_targets(os.environ))
    registry = given.registry or os.environ.get(REGISTRY_VARIABLE)
    if not registry:
        raise BadInputError(f"name the registry with --registry URI or ${REGISTRY_VARIABLE}")
    folders = [
        *(require_folder(path, COLLECT_REPORT, "raw-dataset") for path in given.raw_dataset),
        *(require_folder(path, PREPARE_REPORT, "train-dataset") for path in given.train_dataset),
    ]
    receipt_out = given.receipt_out or Path(f"forget-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    from components.forget.receipt import page_of  # stores and clients take time to import
    from components.forget.stage import run

    with waiting_for_stores(os.environ):
        receipt = run(
            config,
            registry=registry,
            artifacts=[*given.artifacts, *map(str, folders)],
            receipt_out=receipt_out,
        )
    print(page_of(receipt), end="")
    return 0
