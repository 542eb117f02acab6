"""How a training went so far, and how that is kept in a checkpoint."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from components.contracts.reports import CurvePoint
from components.train.optimizer import MasterAdamW


@dataclass
class TrainState:
    """How a training went, so far or to its end."""

    best_weights: list[Tensor]
    epochs: float
    """How many were to be."""
    curve: list[CurvePoint] = field(default_factory=list)
    best_loss: float = math.inf
    best_step: int = 0
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    seconds_to_best: float = 0.0
    parts: int = 1
    """In how many parts a batch is computed, so that it fits the memory."""


def snapshot(state: TrainState, losses: list[float], optimizer: MasterAdamW) -> dict[str, Any]:
    """All that the rest of the training depends on; `losses` are those since the last validation.

    The position in the data is the step: the order of the posts depends on the seed alone.
    """
    facts = {name: value for name, value in vars(state).items() if name != "curve"}
    return {
        **facts,
        "curve": [point.model_dump() for point in state.curve],
        "losses": list(losses),
        "optimizer": optimizer.state(),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def resumed(saved: dict[str, Any], losses: list[float], optimizer: MasterAdamW) -> TrainState:
    """Go back to where `snapshot` was taken; fills `losses`."""
    device = optimizer.masters[0].device
    optimizer.restore(saved["optimizer"])
    losses[:] = saved["losses"]
    torch.set_rng_state(saved["random"])
    if saved["random_cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(saved["random_cuda"])
    facts = {name: saved[name] for name in vars(TrainState([], 0.0)) if name != "curve"}
    facts["best_weights"] = [weight.to(device) for weight in saved["best_weights"]]
    return TrainState(**facts, curve=[CurvePoint(**point) for point in saved["curve"]])
