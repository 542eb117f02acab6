"""The first token of a post teaches the last layers alone, and these more."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.tiny_models import make_tiny_family
from torch import Tensor

from components.lm.models import load_model
from components.train.data import IGNORED, Batch, make_batch, read_posts
from components.train.first_token import LAYERS, WEIGHT, teach_first_tokens_apart
from components.train.loss import loss_function

FAMILIES = ("gpt2", "llama", "gpt_neox", "gemma2")
DEEP = {"num_hidden_layers": 3}


def made(family: str, dataset: Path, folder: Path) -> tuple[Any, Batch]:
    lm = load_model(make_tiny_family(folder / "tiny", family, **DEEP), device=torch.device("cpu"))
    return lm.model.eval(), make_batch(read_posts(dataset, "train", lm), [0, 1, 2], lm.device)


def loss_of(model: Any, batch: Batch) -> float:
    return float(loss_function(model, batch)(batch).detach())


def gradients(model: Any, batch: Batch) -> dict[str, Tensor]:
    """What all tokens of `batch` together teach the weights of the layers."""
    loss = loss_function(model, batch)(batch) * batch.tokens
    weights = {
        name: weight for name, weight in model.named_parameters()
        if any(part.isdigit() for part in name.split("."))
    }  # fmt: skip
    found = torch.autograd.grad(loss, list(weights.values()))
    return dict(zip(weights, found, strict=True))


def only(batch: Batch, *, first: bool) -> Batch:
    """The first tokens of `batch` alone, or the others alone, still read after the first."""
    targets = batch.targets.clone()
    targets[:, 1:] = IGNORED if first else targets[:, 1:]
    targets[:, 0] = targets[:, 0] if first else IGNORED
    return Batch(batch.inputs, targets, int((targets != IGNORED).sum()))


@pytest.mark.parametrize("family", FAMILIES)
def test_first_tokens_teach_the_last_layers_alone_and_these_more(
    family: str, dataset: Path, tmp_path: Path
) -> None:
    model, batch = made(family, dataset, tmp_path)
    firsts, loss = gradients(model, only(batch, first=True)), loss_of(model, batch)
    teach_first_tokens_apart(model)
    assert loss_of(model, batch) == pytest.approx(loss, rel=1e-6)
    others = gradients(model, only(batch, first=False))
    for name, found in gradients(model, batch).items():
        layer = int(next(part for part in name.split(".") if part.isdigit()))
        taught = WEIGHT if layer >= DEEP["num_hidden_layers"] - LAYERS else 0.0
        expected = others[name] + taught * firsts[name]
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
