"""Measure a fine-tuned model: `python -m components.evaluate --dataset … --evaluation-out …`."""

import argparse
import os
from pathlib import Path

from components.evaluate.config import EvaluateConfig
from components.runtime.command import run_command
from components.runtime.flags import add_flags, read_config

FOLDERS = {
    "dataset": "the train-dataset with the test posts",
    "model": "the finetuned-model to measure",
    "base_model": "the pretrained-model that it was trained from",
    "evaluation_out": "where the evaluation goes",
}


def main() -> int:
    """Read the flags, evaluate, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m components.evaluate", description=__doc__)
    for name, meaning in FOLDERS.items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=Path, required=True, metavar="DIR", help=meaning)
    add_flags(parser, EvaluateConfig)
    given = parser.parse_args()

    def evaluate() -> None:
        from components.evaluate.stage import run  # brings torch: not before the flags are right

        config = read_config(EvaluateConfig, given, os.environ)
        run(config, **{name: getattr(given, name) for name in FOLDERS})

    return run_command(evaluate)


if __name__ == "__main__":
    raise SystemExit(main())
