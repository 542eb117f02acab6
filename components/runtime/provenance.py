"""Whether a model was made from the folders that it is said to be made from."""

from pathlib import Path

from components.contracts.artifacts import FETCH_REPORT
from components.contracts.errors import BadInputError
from components.contracts.reports import FetchReport, TrainReport
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
    base = FetchReport.read(base_model / FETCH_REPORT)
    if base.sha256 != train.base_model.sha256:
        raise BadInputError(
            f"the model was not trained from {base_model}: its train.json names "
            f"{train.base_model.id} with the digest {train.base_model.sha256}; "
            "give the folder of that base model, or train anew"
        )
