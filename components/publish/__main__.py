"""`python -m components.publish`: a model into the registry, with its lineage and its card."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.contracts.registry import Manifest
from components.publish.config import PublishConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "dataset": StageArgument("the train-dataset that the model was trained on"),
    "model": StageArgument("the finetuned-model to publish"),
    "evaluation": StageArgument("its evaluation"),
    "base_model": StageArgument("the pretrained-model that it was trained from"),
    "raw_dataset": StageArgument(
        "an author's raw-dataset, for the picture; once for each author", required=False, many=True
    ),
    "registry": StageArgument("where to publish: a path, gs:// or s3://", kind=str),
    "name": StageArgument(
        "the persona (default: the authors, joined by '-')", kind=str, required=False
    ),
    "proceed": StageArgument(
        "what evaluate said: false refuses the model with the gate's words (default: true)",
        kind=str,
        required=False,
    ),
    "card_out": StageArgument("a copy of the model card to write", required=False, is_file=True),
}


def parameters(manifest: Manifest, given: Mapping[str, Any]) -> dict[str, str | int]:
    """What a pipeline goes on with: which version it is."""
    return {"persona": manifest.persona, "version": manifest.version}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("publish", __doc__, PublishConfig, PLACES, words, parameters)


if __name__ == "__main__":
    raise SystemExit(main())
