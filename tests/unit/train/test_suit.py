"""Models of every family compute in bf16 with the library's parts what they compute in fp32."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from support.tiny_models import make_tiny_family
from torch import Tensor

from components.lm.models import load_model
from components.train.attention import OF_POSTS
from components.train.computing import InTurn, SideBySide, even_halves, halves
from components.train.config import TrainConfig
from components.train.data import Batch, Posts, in_batches, read_posts, rows_of
from components.train.loss import loss_function
from components.train.method import make_trainable
from components.train.native.library import available
from components.train.suit import Suited, suit_processor

pytestmark = pytest.mark.skipif(not available(), reason="no compiler, or no AVX-512, here")

WIDE = {"num_key_value_heads": 2, "head_dim": 16}
TURNING = {"num_key_value_heads": 2, "head_dim": 32}  # whose halves are whole vectors
SUITED: dict[str, dict[str, Any]] = {
    "llama": TURNING,
    "mistral": WIDE | {"sliding_window": 4096},
    "olmo": {"hidden_size": 64},
    "qwen2": {"num_key_value_heads": 2, "hidden_size": 64},
    "qwen3": WIDE,
    "gpt_neox": {"hidden_size": 64},
    "phi": {"hidden_size": 64, "partial_rotary_factor": 0.5},
}
PLAIN: dict[str, dict[str, Any]] = {
    "gemma2": WIDE,  # caps its scores
    "mistral": WIDE | {"sliding_window": 8},
    "llama": {"num_key_value_heads": 2, "head_dim": 8},  # half a vector
}
EXACT = 0.06
"""Of the norm of a gradient: bf16 rounds each of many values on the way by up to 0.4%."""


def gradients(model: Any, batch: Batch, *, packed: bool = False) -> list[Tensor]:
    loss = loss_function(model, batch, packed=packed)(batch)
    return list(torch.autograd.grad(loss, [*model.parameters()], allow_unused=True))


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected).norm() / expected.norm().clamp(min=1e-6))


@pytest.fixture
def made(request: pytest.FixtureRequest, dataset: Path, tmp_path: Path) -> tuple[Any, Posts]:
    family, settings = request.param
    folder = make_tiny_family(tmp_path / "tiny", family, **settings)
    lm = load_model(folder, device=torch.device("cpu"))
    return lm.model, read_posts(dataset, "train", lm)


@pytest.mark.parametrize("made", SUITED.items(), ids=SUITED, indirect=True)
def test_its_gradients_are_those_of_fp32(made: tuple[Any, Posts]) -> None:
    model, posts = made
    (batch, *_) = in_batches(posts, 512, model.device)
    exact = gradients(deepcopy(model), batch)
    assert suit_processor(model, torch.bfloat16, posts) == Suited(beside=True, packed=True)
    assert model.config._attn_implementation == OF_POSTS
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    for found, expected in zip(gradients(model, batch, packed=True), exact, strict=True):
        assert (found is None) == (expected is None)
        assert found is None or distance(found, expected) < EXACT


@pytest.mark.parametrize(
    ("made", "turns"),
    [(("llama", TURNING), True), (("llama", WIDE), False), (("qwen3", TURNING), False)],
    indirect=["made"],
)
def test_llamas_queries_and_keys_are_turned_by_the_library(
    made: tuple[Any, Posts], turns: bool
) -> None:
    model, posts = made
    assert suit_processor(model, torch.bfloat16, posts).packed
    assert ("forward" in vars(model.model.layers[0].self_attn)) == turns  # qwen3 has norms between


@pytest.mark.parametrize("made", PLAIN.items(), ids=PLAIN, indirect=True)
def test_attention_of_another_kind_stays_as_it_is(made: tuple[Any, Posts]) -> None:
    model, posts = made
    assert suit_processor(model, torch.bfloat16, posts) == Suited(beside=True, packed=False)
    assert model.config._attn_implementation == "eager"


@pytest.mark.parametrize("made", [("gemma", WIDE)], ids=["gemma"], indirect=True)
def test_norms_and_activations_of_another_kind_stay_as_they_are(made: tuple[Any, Posts]) -> None:
    model, posts = made
    suit_processor(model, torch.bfloat16, posts)
    layer = model.model.layers[0]
    assert "forward" not in vars(layer.input_layernorm)  # times one plus the weight
    assert "forward" not in vars(layer.mlp)  # gelu


@pytest.mark.parametrize("made", [("gpt2", {"n_inner": 37})], ids=["gpt2"], indirect=True)
def test_an_activation_of_broken_vectors_is_torchs(made: tuple[Any, Posts]) -> None:
    model, posts = made
    assert suit_processor(model, torch.bfloat16, posts).beside
    act = model.transformer.h[0].mlp.act
    x = torch.linspace(-3, 3, 37).view(1, 1, 37).bfloat16()
    assert torch.equal(act(x), torch.nn.functional.gelu(x, approximate="tanh"))


@pytest.mark.parametrize("made", [("llama", WIDE)], ids=["llama"], indirect=True)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_long_posts_and_fp32_are_torchs(made: tuple[Any, Posts], dtype: torch.dtype) -> None:
    model, posts = made
    long = Posts([[1] * 600], 0) if dtype == torch.bfloat16 else posts
    assert suit_processor(model, dtype, posts, long) == Suited()
    assert model.config._attn_implementation != OF_POSTS
    assert not any("forward" in vars(module) for module in model.modules())


@pytest.mark.parametrize("made", [("llama", WIDE)], ids=["llama"], indirect=True)
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("packed", [True, False])
def test_halves_side_by_side_are_the_whole_batch(
    made: tuple[Any, Posts], method: Any, packed: bool
) -> None:
    model, posts = made
    batches = in_batches(posts, 300, model.device)
    parameters = make_trainable(model, TrainConfig(method=method, lora_rank=4))
    loss_of = loss_function(model, batches[0])
    ways = InTurn(loss_of), SideBySide(loss_of, parameters, packed=packed)
    assert ways[0].nats(batches) == pytest.approx(ways[1].nats(batches), rel=1e-6)
    found = []
    for way in ways:
        tokens = sum(batch.tokens for batch in batches)
        loss = way.gradients(tokens, batches)
        found.append([loss, [parameter.grad for parameter in parameters]])
        for parameter in parameters:
            parameter.grad = None
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for first, second in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-7)


def test_halves_hold_every_post_once_and_like_work() -> None:
    lengths = [30, 12, 11, 10, 10, 9, 3]
    targets = torch.full((7, 30), -100)
    for row, length in enumerate(lengths):
        targets[row, :length] = row
    batch = Batch(targets.clamp(min=0), targets, sum(lengths))
    first, second = halves(batch)
    assert first.tokens + second.tokens == batch.tokens
    assert len(first.inputs) + len(second.inputs) == 7
    assert max(first.inputs.numel(), second.inputs.numel()) <= 72  # 2 of 30, 5 of 11; not 210
    assert halves(Batch(batch.inputs[:1], batch.targets[:1], 30)) != []


def test_even_halves_hold_every_post_once_and_as_many_tokens() -> None:
    lengths = [10, 30, 3, 12, 11, 9, 10]
    targets = torch.full((7, 30), -100)
    for row, length in enumerate(lengths):
        targets[row, :length] = row
    batch = Batch(targets.clamp(min=0), targets, sum(lengths))
    found = even_halves(batch)
    assert sorted(row for half in found for row in half.targets[:, 0].tolist()) == [*range(7)]
    assert sorted(half.tokens for half in found) == [42, 43]
    assert even_halves(rows_of(batch, slice(1))) != []


def test_an_error_in_one_half_is_the_steps() -> None:
    weight = torch.nn.Parameter(torch.ones(1))

    def loss_of(batch: Batch) -> Tensor:
        if batch.inputs[0, 0] == 1:
            raise RuntimeError("no memory")
        return weight.sum()

    targets = torch.tensor([[1, 2], [1, 2]])
    batch = Batch(torch.tensor([[0, 1], [1, 1]]), targets, 4)
    with pytest.raises(RuntimeError, match="no memory"):
        SideBySide(loss_of, [weight]).gradients(4, [batch])
    assert weight.grad is None
