"""`huggingtweets judge`: is it this author, is it good, is it a parrot?"""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from components.contracts.artifacts import REPORT_PAGE
from components.evaluate.config import EvaluateConfig
from components.runtime.flags import a_path, add_flags, read_config
from components.runtime.folders import keep_apart
from pipelines.cli.summary import verdict_lines

if TYPE_CHECKING:
    from components.contracts.evaluation import EvaluationReport


def add_judge_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `judge` to the command line."""
    parser = commands.add_parser("judge", help="measure a model, or any texts, as an author's")
    parser.add_argument(
        "--dataset", type=a_path, required=True, metavar="DIR", help="the author's train-dataset"
    )
    parser.add_argument(
        "--out", type=a_path, required=True, metavar="DIR", help="where the evaluation goes"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=a_path, metavar="DIR", help="a model folder")
    what.add_argument(
        "--samples", type=a_path, metavar="FILE", help="texts: JSON lines with `text`"
    )
    parser.add_argument(
        "--num", type=int, metavar="N", help="how many posts the model writes (default: 500)"
    )
    for name, meaning in {
        "--base-model": "what the model came from, to compare it with",
        "--champion": "the model in production, to compare it with",
        "--reference-authors": "a folder with a train-dataset for each of some other authors "
        "(default: invented ones)",
    }.items():
        parser.add_argument(name, type=a_path, metavar="DIR", help=meaning)
    add_flags(parser, EvaluateConfig, leave_out=frozenset({"samples"}))
    parser.set_defaults(run=judge_texts)


def judge_texts(given: argparse.Namespace) -> int:
    """Judge, write the evaluation, and say the verdict; a failed gate is no failure of ours."""
    flags = {name: value for name, value in vars(given).items() if name != "samples"}
    if given.num is not None:
        flags["samples"] = given.num
    config = read_config(EvaluateConfig, flags, os.environ)
    places = ("dataset", "model", "base_model", "champion", "reference_authors")
    inputs = {name: getattr(given, name) for name in places}
    keep_apart(given.out, [place for place in inputs.values() if place])
    report = _judge(config, given, inputs)
    print("\n".join(verdict_lines(report)))
    print(f"The report is {given.out / REPORT_PAGE}", file=sys.stderr)
    return 0


def _judge(
    config: EvaluateConfig, given: argparse.Namespace, inputs: dict[str, Any]
) -> "EvaluationReport":
    # torch takes a second to import: only once the flags are known to be good
    from components.evaluate.stage import judge

    return judge(config, out=given.out, samples=given.samples, **inputs)
