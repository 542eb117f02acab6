"""The place in object storage by which a step and the pods of its TrainJob, which share no volume,
pass on what is trained on and what came of it.

    train-dataset/…  pretrained-model/…  inputs.json     from the step
    finetuned-model/…  done.json                         from the first pod
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from components.contracts.artifacts import FINETUNED_MODEL, PRETRAINED_MODEL, TRAIN_DATASET
from components.storage import ObjectMissingError, StorageError, Store, open_store
from components.storage.transfer import download_folder, upload_folder

log = logging.getLogger(__name__)

INPUTS, DONE = "inputs.json", "done.json"
"""Written last: what they announce is whole."""


@dataclass(frozen=True)
class Place:
    """The place of one TrainJob, empty at first."""

    store: Store

    @classmethod
    def at(cls, uri: str) -> "Place":
        """The place at this URI."""
        return cls(open_store(uri))

    @property
    def is_done(self) -> bool:
        """Whether the model is there."""
        return self._is_there(DONE)

    def take_inputs(self, dataset: Path, base_model: Path) -> None:
        """Upload what is trained on, unless an earlier attempt did."""
        if not self._is_there(INPUTS):
            upload_folder(self.store, dataset, TRAIN_DATASET)
            upload_folder(self.store, base_model, PRETRAINED_MODEL)
            self.store.put(INPUTS, b"{}")

    def give_inputs(self, folder: Path) -> tuple[Path, Path]:
        """Download them below `folder`: the train-dataset and the pretrained-model."""
        dataset, base_model = folder / TRAIN_DATASET, folder / PRETRAINED_MODEL
        download_folder(self.store, TRAIN_DATASET, dataset)
        download_folder(self.store, PRETRAINED_MODEL, base_model)
        return dataset, base_model

    def take_model(self, model: Path) -> None:
        """Upload the finetuned-model."""
        upload_folder(self.store, model, FINETUNED_MODEL)
        self.store.put(DONE, b"{}")

    def give_model(self, model_out: Path) -> None:
        """Download it; the folder appears whole or not at all."""
        download_folder(self.store, FINETUNED_MODEL, model_out)

    def forget(self) -> None:
        """Delete everything, what announces something first."""
        try:
            for key in (DONE, INPUTS, *(stat.key for stat in self.store.list())):
                self.store.delete(key)
        except StorageError as error:
            log.warning("what lies at %s could not be deleted: %s", self.store.uri, error)

    def _is_there(self, key: str) -> bool:
        try:
            self.store.stat(key)
        except ObjectMissingError:
            return False
        return True
