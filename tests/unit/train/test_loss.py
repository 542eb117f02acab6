from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from components.lm.models import LanguageModel
from components.train import loss as module
from components.train.data import IGNORED, Batch, Posts, make_batch
from components.train.loss import ChunkedCrossEntropy, loss_function

CPU = torch.device("cpu")


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("rows", [3, 7, 256])
def test_values_and_gradients_equal_the_plain_loss(
    monkeypatch: pytest.MonkeyPatch, rows: int, with_bias: bool
) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    torch.manual_seed(0)
    hidden = torch.randn(20, 8, requires_grad=True)
    weight = torch.randn(50, 8, requires_grad=True)
    bias = torch.randn(50, requires_grad=True) if with_bias else None
    targets = torch.randint(50, (20,))
    inputs = [tensor for tensor in (hidden, weight, bias) if tensor is not None]

    logits = torch.nn.functional.linear(hidden, weight, bias)
    plain = cross_entropy(logits, targets)
    expected = torch.autograd.grad(3 * plain, inputs)
    chunked: Any = ChunkedCrossEntropy.apply(hidden, weight, bias, targets)
    gradients = torch.autograd.grad(3 * chunked, inputs)

    assert float(chunked.detach()) == pytest.approx(float(plain.detach()), abs=1e-5)
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_frozen_head_gets_no_gradient() -> None:
    hidden = torch.randn(4, 8, requires_grad=True)
    weight = torch.randn(9, 8)
    loss: Any = ChunkedCrossEntropy.apply(hidden, weight, None, torch.zeros(4, dtype=torch.long))
    loss.backward()
    assert hidden.grad is not None
    assert weight.grad is None


def plain_loss(lm: LanguageModel, batch: Batch) -> torch.Tensor:
    logits = lm.model(input_ids=batch.inputs).logits
    return cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)


def test_the_model_learns_the_same_from_both_losses(lm: LanguageModel, posts: Posts) -> None:
    batch = make_batch(posts, [0, 1, 2], CPU)
    parameters = list(lm.model.parameters())
    loss_of = loss_function(lm.model, batch)
    assert loss_of.__name__ == "chunked"
    ours = torch.autograd.grad(loss_of(batch), parameters)
    theirs = torch.autograd.grad(plain_loss(lm, batch), parameters)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_a_model_that_scales_its_logits_takes_the_plain_loss(
    lm: LanguageModel, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(posts, [0, 1], CPU)
    forward = lm.model.forward

    def scaled(*args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **kwargs)
        output.logits = output.logits * 9
        return output

    monkeypatch.setattr(lm.model, "forward", scaled)
    loss_of = loss_function(lm.model, batch)
    assert loss_of.__name__ == "plain"
    torch.testing.assert_close(loss_of(batch), plain_loss(lm, batch))
