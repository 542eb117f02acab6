"""What each method trains."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from support.tiny_models import make_tiny_family

from components.lm.models import load_model
from components.train.config import TrainConfig
from components.train.method import make_trainable, with_weights

RESTING = {
    "gpt2": {"transformer.wte", "mlp.c_fc"},
    "llama": {
        *("model.embed_tokens", "lm_head", "mlp.gate_proj", "mlp.up_proj"),
        *("self_attn.q_proj", "self_attn.k_proj"),
    },
    "gpt_neox": {"gpt_neox.embed_in", "lm_head", "mlp.dense_h_to_4h"},
    "phi": {
        *("model.embed_tokens", "lm_head", "mlp.fc1"),
        *("self_attn.q_proj", "self_attn.k_proj"),
    },
}


def made(family: str, folder: Path) -> Any:
    return load_model(make_tiny_family(folder / "tiny", family), device=torch.device("cpu")).model


@pytest.mark.parametrize("family", RESTING)
def test_partial_training_leaves_embeddings_queries_keys_and_what_widens_most_mlps(
    family: str, tmp_path: Path
) -> None:
    model = made(family, tmp_path)
    trained = make_trainable(model, TrainConfig(method="partial"))
    resting = {
        name.rpartition(".")[0] for name, weight in model.named_parameters()
        if not weight.requires_grad
    }  # fmt: skip
    assert resting
    assert all(name.endswith(tuple(RESTING[family])) for name in resting)
    assert all(any(name.endswith(end) for name in resting) for end in RESTING[family])
    assert len(trained) == sum(weight.requires_grad for weight in model.parameters())


def test_partial_training_trains_the_mlps_of_the_last_layers_whole(tmp_path: Path) -> None:
    folder = make_tiny_family(tmp_path / "tiny", "llama", num_hidden_layers=5)
    model = load_model(folder, device=torch.device("cpu")).model
    make_trainable(model, TrainConfig(method="partial"))
    widening = [
        layer for layer in range(5)
        if model.model.layers[layer].mlp.up_proj.weight.requires_grad
        and model.model.layers[layer].mlp.gate_proj.weight.requires_grad
    ]  # fmt: skip
    assert widening == [4]


def test_what_partial_training_made_is_a_whole_model(tmp_path: Path) -> None:
    model = made("llama", tmp_path)
    untouched = deepcopy(model)
    config = TrainConfig(method="partial")
    weights = [weight + 1 for weight in make_trainable(model, config)]
    result = with_weights(untouched, config, weights).state_dict()
    for name, weight in model.named_parameters():
        torch.testing.assert_close(result[name], weight + 1 if weight.requires_grad else weight)
