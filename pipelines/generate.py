"""`huggingtweets generate`: posts from a model folder."""

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from components.contracts.artifacts import MANIFEST
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest

if TYPE_CHECKING:
    from components.lm.generate import Generation

SEED_BITS = 31


def add_generate_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `generate` to the command line."""
    parser = commands.add_parser("generate", help="write posts with a model folder")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="a model folder")
    parser.add_argument("--prompt", default="", help="how each post begins (default: from nothing)")
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
    parser.add_argument("--json", action="store_true", help="write the answer body of /predictions")
    parser.set_defaults(run=generate_posts)


def generate_posts(given: argparse.Namespace) -> int:
    """Write posts to standard output; machine-written ones, and it says so."""
    if given.num < 1:
        raise BadInputError(f"--num: {given.num} posts cannot be written; give 1 or more")
    posts = _generate(given)
    if given.json:
        print(json.dumps(_answer(given.model, posts), ensure_ascii=False))
        return 0
    for post in posts:
        print(f"{given.prompt}{post.text}\n")
    print("(written by a machine)", file=sys.stderr)
    return 0


def _generate(given: argparse.Namespace) -> "list[Generation]":
    # torch takes a second to import: only once the flags are known to be good
    from components.lm.generate import Sampling, generate
    from components.lm.models import load_model

    sampling = Sampling(
        temperature=given.temperature, top_p=given.top_p, max_tokens=given.max_tokens
    )
    seed = secrets.randbits(SEED_BITS) if given.seed is None else given.seed
    return generate(load_model(given.model), given.prompt, given.num, sampling, seed)


def _answer(model: Path, posts: "list[Generation]") -> dict[str, object]:
    """The answer body of /predictions; a folder outside the registry has no version."""
    manifest = Manifest.read(model / MANIFEST) if (model / MANIFEST).is_file() else None
    return {
        "model": manifest.persona if manifest else model.resolve().name,
        "model_version": str(manifest.version) if manifest else None,
        "ai_generated": True,
        "generations": [{"text": p.text, "finish_reason": p.finish_reason} for p in posts],
    }
