"""`python -m components.train`: a base model and a train dataset into a fine-tuned model."""

from collections.abc import Sequence

from components.runtime.stage_command import StageArgument, run_stage
from components.train.config import TrainConfig

PLACES = {
    "dataset": StageArgument("the train-dataset"),
    "base_model": StageArgument("the pretrained-model to start from"),
    "model_out": StageArgument("the finetuned-model to write"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("train", __doc__, TrainConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
