"""`huggingtweets forget`: posts or authors go from datasets, models and servers."""

import argparse
import os
import sys
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from components.contracts.artifacts import COLLECT_REPORT, PREPARE_REPORT
from components.contracts.errors import BadInputError
from components.forget.config import ForgetConfig, without_targets
from components.registry.command import REGISTRY_VARIABLE
from components.runtime.flags import a_name, a_path, add_flags, read_config
from components.runtime.folders import require_folder
from components.runtime.patience import waiting_for_stores

if TYPE_CHECKING:
    from components.contracts.forgetting import ForgetReceipt


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
    """Forget, show the receipt, and train anew if that is asked; 1 where a persona could not be."""
    config = read_config(ForgetConfig, given, without_targets(os.environ))
    registry = given.registry or os.environ.get(REGISTRY_VARIABLE)
    if not registry:
        raise BadInputError(f"name the registry with --registry URI or ${REGISTRY_VARIABLE}")
    folders = [
        *(require_folder(path, COLLECT_REPORT, "raw-dataset") for path in given.raw_dataset),
        *(require_folder(path, PREPARE_REPORT, "train-dataset") for path in given.train_dataset),
    ]
    receipt_out = given.receipt_out or _new_folder()
    from components.forget.receipt import page_of  # stores and clients take time to import
    from components.forget.stage import run

    with waiting_for_stores(os.environ):
        receipt = run(
            config,
            registry=registry,
            artifacts=[*given.artifacts, *map(str, folders)],
            receipt_out=receipt_out,
        )
        print(page_of(receipt), end="", flush=True)
        return _trained_anew(receipt) if config.retrain else 0


def _new_folder() -> Path:
    """A folder that is not there yet, named by the time."""
    name = f"forget-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(path for path in map(Path, names) if not path.exists())


def _trained_anew(receipt: "ForgetReceipt") -> int:
    from pipelines.retraining import retrain  # the stages take time to import

    problems = retrain(receipt)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
