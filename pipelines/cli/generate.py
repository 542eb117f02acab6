"""`huggingtweets generate`: posts from a model folder."""

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from components.contracts.answers import Generation, Predictions
from components.contracts.artifacts import MANIFEST, TRAIN_REPORT
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.reports import TrainReport
from components.lm.adapters import whole_model
from components.registry.command import REGISTRY_VARIABLE
from components.registry.layout import OPT_OUTS, versions_folder
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.runtime.flags import a_name, a_path
from components.text.terminal import printable

if TYPE_CHECKING:
    from components.lm.engine.protocol import EngineSettings

SEED_BITS = 31


def add_generate_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `generate` to the command line."""
    parser = commands.add_parser("generate", help="write posts with a model folder")
    parser.add_argument("--model", type=a_path, required=True, metavar="DIR", help="a model folder")
    parser.add_argument(
        "--base-model",
        type=a_path,
        metavar="DIR",
        help="what an adapter was trained on (default: as its registry or its run keeps it)",
    )
    parser.add_argument("--prompt", default="", help="how each post begins (default: no prompt)")
    parser.add_argument(
        "--num", type=int, default=5, metavar="N", help="how many posts (default: 5)"
    )
    parser.add_argument("--seed", type=int, help="the same seed gives the same posts")
    parser.add_argument(
        "--max-tokens", type=int, default=60, metavar="N", help="longest post (default: 60)"
    )
    parser.add_argument(
        "--temperature", type=float, default=1.0, metavar="T", help="(default: 1.0)"
    )
    parser.add_argument("--top-p", type=float, default=0.95, metavar="P", help="(default: 0.95)")
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help="whose opt-out list is asked first "
        f"(default: ${REGISTRY_VARIABLE}, or the registry that the folder lies in)",
    )
    parser.add_argument("--json", action="store_true", help="write the answer body of /predictions")
    parser.set_defaults(run=generate_posts)


def generate_posts(given: argparse.Namespace) -> int:
    """Write posts to standard output; machine-written ones, and it says so."""
    if given.num < 1:
        raise BadInputError(f"--num: {given.num} posts cannot be written; give 1 or more")
    _ask_opt_outs(given)
    posts = _generate(given)
    if given.json:
        print(json.dumps(_answer(given.model, posts).model_dump(mode="json"), ensure_ascii=False))
        return 0
    for post in posts:
        print(printable(f"{given.prompt}{post.text}\n"))
    print("(written by a machine)", file=sys.stderr)
    return 0


def _ask_opt_outs(given: argparse.Namespace) -> None:
    """Refuse a model of somebody who opted out, where there is a list to ask.

    Raises:
        BadInputError: so it is, or the model does not say whose posts it learned from.
    """
    registry = given.registry or os.environ.get(REGISTRY_VARIABLE) or _own_registry(given.model)
    report = given.model / TRAIN_REPORT
    if registry is None or not given.model.is_dir():
        return
    trained = TrainReport.read(report) if report.is_file() else None
    if trained is None or not trained.authors:
        raise BadInputError(
            f"{given.model} does not say whose posts it learned from, so nobody can tell whether "
            "they opted out; train it anew, or name no registry"
        )
    refuse_opted_out(read_opt_outs(registry), trained.people)


def _own_registry(model: Path) -> str | None:
    """The registry of a version's folder, `REGISTRY/<persona>/versions/<n>`."""
    versions = model.resolve().parent
    place = versions.parent.parent
    is_version = versions == place / versions_folder(versions.parent.name)
    return str(place) if is_version and (place / OPT_OUTS).is_file() else None


def _generate(given: argparse.Namespace) -> list[Generation]:
    # torch takes a second to import: only once the flags are known to be good
    from components.lm.engine.offline import Writer
    from components.lm.engine.protocol import Request, Sampling

    sampling = Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        max_tokens=given.max_tokens,
        seed=secrets.randbits(SEED_BITS) if given.seed is None else given.seed,
    )
    with whole_model(given.model, given.base_model) as folder:
        writer = Writer(folder, _settings(given.model))
    (written,) = writer.write([Request(given.prompt, given.num, sampling)])
    return [Generation(text=post.text, finish_reason=post.finish_reason) for post in written]


def _settings(model: Path) -> "EngineSettings":
    """As a server would load a version; what nobody has measured is written in fp32."""
    from components.lm.engine.protocol import EngineSettings

    manifest = model / MANIFEST
    formats = Manifest.read(manifest).formats if manifest.is_file() else {}
    return EngineSettings(bits_per_byte=formats)


def _answer(model: Path, posts: list[Generation]) -> Predictions:
    """The answer body of /predictions; a folder outside the registry has no version."""
    manifest = Manifest.read(model / MANIFEST) if (model / MANIFEST).is_file() else None
    return Predictions(
        model=manifest.persona if manifest else model.resolve().name,
        model_version=str(manifest.version) if manifest else None,
        generations=tuple(posts),
    )
