"""Weights straight from safetensors, mapped into memory and read when they are asked for."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from components.contracts.artifacts import ADAPTER_WEIGHTS
from components.contracts.errors import BadInputError
from components.lm.decoding.shape import Shape
from components.runtime.closing import Closing


class Weights(Closing):
    """The tensors of all *.safetensors files of a folder, by name. Close it when they are read."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """Open the files of `folder`; a name may be given without `prefix`.

        Raises:
            BadInputError: there is none, or one is damaged.
        """
        self._folder, self._prefix = folder, prefix
        self._files = ExitStack()
        self._places: dict[str, Any] = {}
        for path in sorted(set(folder.glob("*.safetensors")) - {folder / ADAPTER_WEIGHTS}):
            try:
                file = self._files.enter_context(safe_open(path, framework="pt"))
            except (OSError, SafetensorError) as error:
                self._files.close()
                raise BadInputError(f"cannot read {path}: {error}") from error
            self._places |= dict.fromkeys(file.keys(), file)

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def has(self, name: str) -> bool:
        """Whether there is a tensor of this name."""
        return name in self._places or self._prefix + name in self._places

    def get(self, name: str) -> Tensor:
        """The tensor of this name, in the dtype of the file.

        Raises:
            BadInputError: there is none.
        """
        for full in (self._prefix + name, name):
            if full in self._places:
                tensor: Tensor = self._places[full].get_tensor(full)
                return tensor
        raise BadInputError(f"the model in {self._folder} lacks weights, among them {name}")


def inner_size(shape: Shape, weights: Weights) -> int:
    """The size between the two products of the MLP."""
    if shape.family == "gpt2":
        return len(weights.get("h.0.mlp.c_proj.weight"))
    return len(weights.get("layers.0.mlp.up_proj.weight"))
