"""Whether folders belong together: a model, what it was made from, and its evaluation."""

from pathlib import Path

from components.contracts.artifacts import FETCH_REPORT, TRAIN_REPORT
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import TrainReport
from components.runtime.digests import folder_sha256


def check_trained_from(train: TrainReport, dataset: Path, base_model: Path) -> None:
    """Check by digest that the model with the report `train` came from these two folders.

    Raises:
        BadInputError: the train-dataset or the base model is another; the message says which.
    """
    if folder_sha256(dataset) != train.dataset_sha256:
        raise BadInputError(
            f"the model was not trained on {dataset}: its train.json names a dataset with the "
            f"digest {train.dataset_sha256}; give the folder that it was trained on, or train anew"
        )
    if base_sha256(base_model) != train.base_model.sha256:
        raise BadInputError(
            f"the model was not trained from {base_model}: its train.json names "
            f"{train.base_model.id} with the digest {train.base_model.sha256}; "
            "give the folder of that base model, or train anew"
        )


def base_sha256(base_model: Path) -> str:
    """The digest of a pretrained-model folder, fetch.json left out since it names the digest."""
    return folder_sha256(base_model, leave_out=frozenset({FETCH_REPORT}))


def check_evaluated(evaluation: EvaluationReport, model: Path, dataset_sha256: str) -> None:
    """Check by digest that `evaluation` was taken on this model, with this dataset.

    Raises:
        BadInputError: it was taken on others.
    """
    if (evaluation.model_sha256, evaluation.dataset_sha256) != (
        finetuned_sha256(model),
        dataset_sha256,
    ):
        raise BadInputError(
            f"the evaluation was not taken on the model in {model}: it names a model with the "
            f"digest {evaluation.model_sha256}; evaluate this model first"
        )


def finetuned_sha256(model: Path) -> str:
    """The digest of a finetuned-model folder, train.json left out since it holds times."""
    return folder_sha256(model, leave_out=frozenset({TRAIN_REPORT}))
