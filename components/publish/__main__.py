"""`python -m components.publish`: a model into the registry, with its lineage and its card."""

from collections.abc import Sequence

from components.publish.config import PublishConfig
from components.runtime.stage_command import Place, run_stage

PLACES = {
    "dataset": Place("the train-dataset that the model was trained on"),
    "model": Place("the finetuned-model to publish"),
    "evaluation": Place("its evaluation"),
    "base_model": Place("the pretrained-model that it was trained from"),
    "raw_dataset": Place(
        "an author's raw-dataset, for the picture; once for each author", required=False, many=True
    ),
    "registry": Place("where to publish: a path, gs:// or s3://", kind=str),
    "name": Place("the persona", kind=str),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("publish", __doc__, PublishConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
