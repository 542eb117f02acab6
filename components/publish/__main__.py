"""Publish a persona: `python -m components.publish --dataset … --registry URI --name PERSONA`."""

import argparse
import hashlib
import os
from pathlib import Path

from components.publish.config import PublishConfig
from components.runtime.command import run_command
from components.runtime.flags import add_flags, flag_of, read_config

FOLDERS = {
    "dataset": "the train-dataset that the model was trained on",
    "model": "the finetuned-model to publish",
    "evaluation": "its evaluation",
    "base_model": "the pretrained-model that it was trained from",
}


def main() -> int:
    """Read the flags, publish, print `persona@version` and its digest; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m components.publish", description=__doc__)
    for name, meaning in FOLDERS.items():
        parser.add_argument(flag_of(name), type=Path, required=True, metavar="DIR", help=meaning)
    parser.add_argument("--registry", required=True, metavar="URI", help="a path, gs:// or s3://")
    parser.add_argument("--name", required=True, metavar="PERSONA", help="the persona")
    parser.add_argument(
        "--raw-dataset",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="an author's raw-dataset, for the picture; once for each author",
    )
    add_flags(parser, PublishConfig)
    given = parser.parse_args()

    def publish() -> None:
        from components.publish.stage import run

        config = read_config(PublishConfig, given, os.environ)
        places = {name: getattr(given, name) for name in (*FOLDERS, "registry", "name")}
        manifest = run(config, **places, raw_dataset=given.raw_dataset, environment=os.environ)
        digest = hashlib.sha256(manifest.to_json().encode()).hexdigest()
        print(f"{manifest.persona}@{manifest.version} sha256:{digest}")

    return run_command(publish)


if __name__ == "__main__":
    raise SystemExit(main())
