"""Low-rank adapters as peft writes them (LoRA, Hu et al. 2021, arXiv:2106.09685)."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from components.contracts.artifacts import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from components.contracts.errors import BadInputError
from components.lm.decoding.shape import Shape
from components.lm.decoding.weight_shapes import LAYERS, PREFIXES, PRODUCTS, matrix_sizes

PEFT_PREFIX = "base_model.model."
LARGEST = 1e6
"""Of alpha: no training gives a larger one, and its products would be no numbers."""
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
UNKNOWN: Mapping[str, Sequence[Any]] = {
    "use_dora": (False, None),
    "bias": ("none", None),
    "modules_to_save": (None, []),
    "alpha_pattern": ({}, None),
    "layer_replication": (None,),
    "lora_bias": (False, None),
    "trainable_token_indices": (None,),
}
"""What peft knows beside plain LoRA, and the values that switch it off."""


@dataclass(frozen=True)
class LowRank:
    """What is added to one matrix: `x A^T B^T`, the scale in B."""

    down: Tensor
    """A, [rank, inputs]."""
    unscaled: Tensor
    """B, [outputs, rank], as it is in the file."""
    scale: float

    def up(self, dtype: torch.dtype) -> Tensor:
        """B, scaled and rounded once."""
        known = self.unscaled.dtype in (dtype, torch.float32)
        return ((self.unscaled if known else self.unscaled.float()) * self.scale).to(dtype)


@dataclass(frozen=True)
class Part:
    """One of the matrices that make up a product."""

    outputs: int
    change: LowRank | None
    """None where the adapter leaves it as it is."""


class AdapterWeights:
    """An adapter of a model of a known shape."""

    def __init__(self, folder: Path, shape: Shape, inner: int) -> None:
        """Read the adapter in `folder`; `inner` is the size between the products of the MLP.

        Raises:
            BadInputError: it is none, is of another model, or does what only peft can.
        """
        self._folder, self._shape = folder, shape
        self.family = shape.family
        self._sizes = matrix_sizes(shape, inner)
        self._alpha, self._by_root = _read_config(folder / ADAPTER_CONFIG)
        self._changes = self._read_weights(folder / ADAPTER_WEIGHTS)

    def parts(self, layer: int, product: str) -> list[Part]:
        """The matrices of one of a layer's products, as `PRODUCTS` lists them."""
        return [
            Part(self._sizes[name][0], self._changes.get(f"{self._layer(layer)}{name}"))
            for name in PRODUCTS[self._shape.family][product]
        ]

    def _layer(self, layer: int) -> str:
        return f"{LAYERS[self._shape.family]}.{layer}."

    def _read_weights(self, path: Path) -> dict[str, LowRank]:
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise BadInputError(f"cannot read {path}: {error}") from error
        if not _finite(tensors.values()):
            raise BadInputError(f"{path} holds what is not a number")
        found = {}
        for number in range(self._shape.layers):
            for name, size in self._sizes.items():
                full = self._layer(number) + name
                key = PEFT_PREFIX + PREFIXES[self._shape.family] + full
                down, up = tensors.pop(key + DOWN, None), tensors.pop(key + UP, None)
                if down is not None and up is not None:
                    found[full] = self._change(full, size, down, up)
                elif down is not None or up is not None:
                    raise self._refused(f"it holds one half of {full}")
        if tensors:
            raise self._refused(f"it changes {min(tensors)}, which that has not")
        if not found:
            raise self._refused("it changes nothing")
        return found

    def _change(self, name: str, size: tuple[int, int], down: Tensor, up: Tensor) -> LowRank:
        outputs, inputs = size
        rank = len(down)
        if not rank or down.shape != (rank, inputs) or up.shape != (outputs, rank):
            raise self._refused(f"its {name} is {list(up.shape)} x {list(down.shape)}")
        scale = self._alpha / (math.sqrt(rank) if self._by_root else rank)
        return LowRank(down, up, scale)

    def _refused(self, why: str) -> BadInputError:
        return BadInputError(f"the adapter in {self._folder} is not of this base model: {why}")


def _finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all are numbers: whatever is none makes a sum that is none."""
    flat = [values.flatten() for values in tensors if values.numel()]
    if not all(values.is_floating_point() for values in flat):
        return False
    return not flat or bool(torch.isfinite(torch.cat(flat).sum(dtype=torch.float32)))


def _read_config(path: Path) -> tuple[float, bool]:
    """Alpha, and whether it is divided by the rank's square root (Kalajdzievski 2023,
    arXiv:2312.03732) and not by the rank."""
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise BadInputError(f"{path} is of no LoRA adapter; only such are known here")
    for name, off in UNKNOWN.items():
        if config.get(name, off[0]) not in off:
            raise BadInputError(f"{path}: {name} is not known here; merge the adapter with peft")
    alpha = config.get("lora_alpha")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not abs(alpha) < LARGEST:
        raise BadInputError(
            f"{path}: lora_alpha is {str(alpha)[:40]}, which is not a number to use"
        )
    return float(alpha), bool(config.get("use_rslora"))
