"""Checkpoints of a training in storage, so that a preempted pod loses little.

Below the URI stands, for each training, `<key>/latest.json`, which names the newest checkpoint by
its SHA-256. It is written after the checkpoint, so what it names is whole.
"""

import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from components.contracts.errors import BadInputError
from components.runtime.digests import file_sha256
from components.storage import ObjectMissingError, StorageError, Store, open_store
from components.train.config import RUNTIME_ONLY, TrainConfig

log = logging.getLogger(__name__)

FORMAT = 5
"""Of what a checkpoint holds; another number is another training."""
LATEST = "latest.json"
LARGEST_SHARE = 0.05
"""Of the training's time, what checkpoints may take."""
DAMAGE = (ValueError, KeyError, TypeError, RuntimeError, EOFError)
"""What reading something else than a checkpoint may end with."""

FAILURES = (StorageError, BadInputError, OSError, RuntimeError, MemoryError)
"""What may stop a checkpoint, and never the training; torch.save meets a full disk with a
RuntimeError."""

State = dict[str, Any]
"""What a checkpoint holds: tensors, numbers, texts, and lists and dictionaries of these."""


def training_key(dataset_sha256: str, base_sha256: str, config: TrainConfig, dtype: str) -> str:
    """The SHA-256 of all that decides a training: equal keys, equal loss curves."""
    chosen = config.model_dump(mode="json", exclude=set(RUNTIME_ONLY))
    said = [FORMAT, dataset_sha256, base_sha256, chosen, dtype]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass
class Checkpoints:
    """The checkpoints of one training."""

    store: Store
    key: str
    seconds: float
    """How long to wait between two, at least."""
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """Start the clock."""
        self._due = self.clock() + self.seconds
        self._newest: str | None = None

    @classmethod
    def at(cls, uri: str, key: str, seconds: float) -> "Checkpoints":
        """Those of the training `key` below `uri`."""
        return cls(open_store(uri), key, seconds)

    def load(self, agreed: Callable[[str | None], str | None] = lambda own: own) -> State | None:
        """The newest checkpoint; None where there is none, or it is damaged.

        `agreed` is given the SHA-256 of the newest one, and gives that of the one to go on from.

        Raises:
            StorageError: the store cannot be used.
        """
        self._newest = agreed(self._named())
        if self._newest is None:
            return None
        try:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "checkpoint.pt"
                self.store.download(self._object(self._newest), file)
                if file_sha256(file) != self._newest:
                    raise ValueError("its digest is another")
                state: State = torch.load(file, map_location="cpu", weights_only=True)
        except ObjectMissingError:
            return None
        except DAMAGE as error:
            _warn_of_damage(error)
            return None
        log.info("going on from the checkpoint at step %d", state["step"])
        return state

    def _named(self) -> str | None:
        """The SHA-256 of the newest checkpoint; None where nothing names one."""
        try:
            latest = json.loads(self.store.get(f"{self.key}/{LATEST}").data)
            return bytes.fromhex(latest["sha256"]).hex()
        except ObjectMissingError:
            return None
        except DAMAGE as error:
            _warn_of_damage(error)
            return None

    def offer(self, state: Callable[[], State]) -> None:
        """Write a checkpoint if it is time for one; training goes on where the store fails."""
        start = self.clock()
        if start < self._due:
            return
        try:
            self._write(state())
        except FAILURES as error:
            log.warning("no checkpoint could be written: %s; training goes on", error)
        took = self.clock() - start
        self._due = self.clock() + max(self.seconds, took / LARGEST_SHARE)

    def forget(self) -> None:
        """Delete them all: the model is finished."""
        try:
            self.store.delete(f"{self.key}/{LATEST}")
            for stat in list(self.store.list(f"{self.key}/")):
                self.store.delete(stat.key)
        except FAILURES as error:
            log.warning("the checkpoints could not be deleted: %s", error)

    def _write(self, state: State) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "checkpoint.pt"
            torch.save(state, file)
            digest = file_sha256(file)
            self.store.upload(file, self._object(digest))
        latest = json.dumps({"sha256": digest, "step": state["step"]})
        self.store.put(f"{self.key}/{LATEST}", latest.encode())
        before, self._newest = self._newest, digest
        if before and before != digest:
            self.store.delete(self._object(before))
        log.info("checkpoint at step %d", state["step"])

    def _object(self, digest: str) -> str:
        return f"{self.key}/{digest}.pt"


def _warn_of_damage(error: Exception) -> None:
    log.warning("the checkpoint is damaged (%s); training starts from the beginning", error)
