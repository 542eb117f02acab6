"""The first token of a post teaches the last layers alone, and these more."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from support.tiny_models import make_tiny_family
from torch import Tensor

from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.lm.models import load_model
from components.train import first_token as module
from components.train.data import IGNORED, Batch, Posts, make_batch, read_posts
from components.train.first_token import LAYERS, WEIGHT, tame_first_tokens
from components.train.loss import loss_function

FAMILIES = ("gpt2", "llama", "gpt_neox", "gemma2")
DEEP = {"num_hidden_layers": 3}


def made(family: str, dataset: Path, folder: Path) -> tuple[Any, Batch]:
    lm = load_model(make_tiny_family(folder / "tiny", family, **DEEP), device=torch.device("cpu"))
    return lm.model.eval(), make_batch(read_posts(dataset, "train", lm), [0, 1, 2], lm.device)


def posts_of(batch: Batch) -> Posts:
    return Posts([[*row.tolist(), 1] for row in batch.inputs], 0)


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
    tame_first_tokens(model, posts_of(batch))
    assert loss_of(model, batch) == pytest.approx(loss, rel=1e-6)
    others = gradients(model, only(batch, first=False))
    for name, found in gradients(model, batch).items():
        layer = int(next(part for part in name.split(".") if part.isdigit()))
        taught = WEIGHT if layer >= DEEP["num_hidden_layers"] - LAYERS else 0.0
        expected = others[name] + taught * firsts[name]
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_below_the_last_layers_what_reads_large_numbers_stays_as_it_is(
    family: str, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, batch = made(family, dataset, tmp_path)
    found_by = {}
    for large in (float("inf"), 0.0):  # none is, all are
        monkeypatch.setattr(module, "LARGE", large)
        tamed = deepcopy(model)
        tame_first_tokens(tamed, posts_of(batch))
        found_by[large] = gradients(tamed, batch)
    before, after = found_by.values()
    for name, found in after.items():
        layer = int(next(part for part in name.split(".") if part.isdigit()))
        still = found.dim() > 1 and layer < DEEP["num_hidden_layers"] - LAYERS
        assert found.any() == (not still), name
        torch.testing.assert_close(found, torch.zeros_like(found) if still else before[name])


@pytest.mark.base_model
def test_the_large_numbers_of_the_bundled_base_model_are_found(tmp_path: Path) -> None:
    fetch(FetchConfig(base_model="bundled"), model_out=tmp_path / "base")
    lm = load_model(tmp_path / "base", device=torch.device("cpu"))
    post = [lm.start_token_id, *lm.encode(["the kettle is on, and nobody is at home"])[0]]
    short = [lm.start_token_id, lm.end_token_id]
    tame_first_tokens(lm.model, Posts([short, [*post, lm.end_token_id]], 0))
    loss = lm.model(input_ids=torch.tensor([post])).logits.logsumexp(dim=-1).sum()
    loss.backward()
    still = {
        layer: int((block.mlp.down_proj.weight.grad == 0).all(dim=0).sum())
        for layer, block in enumerate(lm.model.model.layers)
    }
    assert still[11] == 2  # of 1,536: those that make its largest number
    assert sum(still.values()) <= 8
    assert not lm.model.model.layers[11].mlp.gate_proj.weight.grad.eq(0).all(dim=0).any()
