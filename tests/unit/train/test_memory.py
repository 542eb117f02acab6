import logging

import pytest
import torch
from torch import Tensor

from components.lm.models import LanguageModel
from components.train.computing import InTurn
from components.train.config import TrainConfig
from components.train.data import Batch, Posts, in_batches
from components.train.loop import train
from components.train.loss import loss_function
from components.train.memory import OutOfMemoryError, in_parts, is_out_of_memory
from components.train.optimizer import MasterAdamW
from components.train.state import TrainState

CONFIG = TrainConfig(method="full", epochs=2, batch_tokens=256, learning_rate=1e-2, validations=1)
CPU = torch.device("cpu")
SAID = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 99 bytes"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


def fitted(lm: LanguageModel, posts: Posts, largest: int, error: Exception) -> TrainState:
    """A training on a machine whose memory holds batches of at most `largest` tokens."""
    validation = in_batches(posts, CONFIG.batch_tokens, CPU)
    plain = loss_function(lm.model, validation[0])

    def loss_of(batch: Batch) -> Tensor:
        loss = plain(batch)
        if batch.inputs.numel() > largest:
            raise error
        return loss

    optimizer = MasterAdamW(list(lm.model.parameters()), 0.0, torch.float32)
    return train(InTurn(loss_of), optimizer, posts, validation, CONFIG, lambda *_: None)


@pytest.mark.parametrize("error", SAID)
def test_a_batch_that_does_not_fit_is_computed_in_parts(
    lm: LanguageModel, posts: Posts, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    before = {name: weight.clone() for name, weight in lm.model.state_dict().items()}
    roomy = fitted(lm, posts, 1 << 20, error)
    lm.model.load_state_dict(before)
    with caplog.at_level(logging.WARNING):
        tight = fitted(lm, posts, 100, error)
    assert (roomy.parts, tight.parts) == (1, 4)
    assert "computed in 4 parts" in caplog.text
    assert (tight.step, tight.tokens) == (roomy.step, roomy.tokens)
    for one, other in zip(roomy.curve, tight.curve, strict=True):
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-3)


def test_a_post_that_does_not_fit_alone_ends_it_with_advice(
    lm: LanguageModel, posts: Posts
) -> None:
    with pytest.raises(OutOfMemoryError, match="not even one post .* take --method lora"):
        fitted(lm, posts, 1, MemoryError())


def test_another_error_is_no_matter_of_memory(lm: LanguageModel, posts: Posts) -> None:
    assert all(map(is_out_of_memory, SAID))
    with pytest.raises(RuntimeError, match="shapes"):
        fitted(lm, posts, 1, RuntimeError("shapes do not match"))


@pytest.mark.cuda
def test_a_gpu_says_that_its_memory_is_out_as_is_expected() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 50, dtype=torch.uint8, device="cuda")
    assert is_out_of_memory(raised.value)


@pytest.mark.parametrize("parts", [1, 2, 3, 8, 1000])
def test_parts_hold_all_tokens_of_a_batch_and_little_padding(posts: Posts, parts: int) -> None:
    (batch, *_) = in_batches(posts, 256, CPU)
    found = in_parts(batch, parts)
    assert len(found) <= min(parts, len(batch.inputs))
    assert sum(part.tokens for part in found) == batch.tokens
    assert sum(len(part.inputs) for part in found) == len(batch.inputs)
    assert all((part.targets != -100).any(dim=0).all() for part in found)
