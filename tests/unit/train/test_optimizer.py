"""AdamW in C beside torch's own."""

import pytest
import torch
from torch.nn import Parameter

from components.train import optimizer
from components.train.native.library import available
from components.train.optimizer import MasterAdamW

SHAPES = ((7,), (33, 5), (1,), (64, 64))


def weights() -> list[Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [Parameter(torch.randn(*shape, generator=generator)) for shape in SHAPES]


def gradients(step: int, scale: float) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(10 + step)
    return [scale * torch.randn(*shape, generator=generator) for shape in SHAPES]


def moved(used: MasterAdamW, steps: range, scale: float) -> MasterAdamW:
    for step in steps:
        for parameter, grad in zip(used.parameters, gradients(step, scale), strict=True):
            parameter.grad = grad.to(parameter.dtype)
        used.parameters[2].grad = None  # as of a part that had none in this batch
        used.step(1e-2 / (step + 1))
    return used


def in_torch(decay: float, monkeypatch: pytest.MonkeyPatch) -> MasterAdamW:
    with monkeypatch.context() as patched:
        patched.setattr(optimizer, "available", lambda: False)
        return MasterAdamW(weights(), decay, torch.bfloat16)


@pytest.mark.skipif(not available(), reason="no compiler, or no AVX-512, here")
@pytest.mark.parametrize("scale", [1e-3, 3.0])  # of a norm below, and one above the highest
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_step_in_c_is_torchs(scale: float, decay: float, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = moved(MasterAdamW(weights(), decay, torch.bfloat16), range(5), scale)
    theirs = moved(in_torch(decay, monkeypatch), range(5), scale)
    for number in range(len(SHAPES)):
        torch.testing.assert_close(
            ours.masters[number], theirs.masters[number], rtol=1e-5, atol=1e-6
        )
        assert torch.equal(ours.parameters[number], ours.masters[number].bfloat16())
    assert all(parameter.grad is None for parameter in ours.parameters)


def test_a_step_is_that_of_torchs_adamw() -> None:
    ours = MasterAdamW(weights(), 0.1, torch.float32)
    plain = weights()
    adam = torch.optim.AdamW(plain, betas=optimizer.BETAS, weight_decay=0.1)
    for step in range(4):
        for own, other, grad in zip(ours.parameters, plain, gradients(step, 3.0), strict=True):
            own.grad, other.grad = grad.clone(), grad.clone()
        torch.nn.utils.clip_grad_norm_(plain, optimizer.HIGHEST_NORM)
        adam.param_groups[0]["lr"] = 1e-2 / (step + 1)
        adam.step()
        ours.step(1e-2 / (step + 1))
    for master, other in zip(ours.masters, plain, strict=True):
        torch.testing.assert_close(master, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_goes_on_from_its_state_as_if_it_had_not_stopped(dtype: torch.dtype) -> None:
    whole = moved(MasterAdamW(weights(), 0.1, dtype), range(6), 1.0)
    first = moved(MasterAdamW(weights(), 0.1, dtype), range(3), 1.0)
    kept = first.state()
    moved(first, range(3, 4), 1.0)  # changes nothing that was kept
    second = MasterAdamW(weights(), 0.1, dtype)
    second.restore(kept)
    moved(second, range(3, 6), 1.0)
    assert all(map(torch.equal, whole.masters, second.masters))
    assert all(map(torch.equal, whole.parameters, second.parameters))
