"""Adapters that are one operation with their layers give what peft's own layers give."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from support.tiny_models import make_tiny_family

from components.lm.models import load_model
from components.train.config import TrainConfig
from components.train.method import _adapted, make_trainable

LORA = TrainConfig(method="lora", lora_rank=4)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"num_key_value_heads": 2, "attention_bias": True}),
        ("gpt2", {}),  # layers whose weights lie the other way
        ("gpt_neox", {}),
    ],
)
def test_values_and_gradients_are_pefts(
    family: str, settings: dict[str, Any], tmp_path: Any
) -> None:
    folder = make_tiny_family(tmp_path / "tiny", family, **settings)
    model = load_model(folder, device=torch.device("cpu")).model
    plain = _adapted(deepcopy(model), LORA)
    joined = make_trainable(model, LORA)
    theirs = [parameter for parameter in plain.parameters() if parameter.requires_grad]
    generator = torch.Generator().manual_seed(3)
    for own, other in zip(joined, theirs, strict=True):
        own.data = other.data = 0.1 * torch.randn(own.shape, generator=generator)
    ids = torch.randint(400, (3, 9), generator=generator)
    results = [one(input_ids=ids, labels=ids).loss for one in (model, plain)]
    torch.testing.assert_close(*results)
    grads = [
        torch.autograd.grad(loss, weights)
        for loss, weights in zip(results, (joined, theirs), strict=True)
    ]
    for first, second in zip(*grads, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-7)
