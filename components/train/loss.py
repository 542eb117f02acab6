"""The loss: cross-entropy in nats a token that never holds the logits of a whole batch."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn.functional import cross_entropy

from components.train.data import Batch, rows_of
from components.train.native.functions import cross_entropy_in_place
from components.train.native.library import available
from components.train.packing import run_in_rows, run_packed
from components.train.sampled_softmax import SampledVocabulary

LossFunction: TypeAlias = Callable[[Batch], Tensor]
"""Gives the mean loss of a batch's tokens as a scalar that can be differentiated."""

ROWS = 320
"""Tokens whose logits are held at once: 320 x 50,000 of them take 64 MB in fp32. The half of a step
of 384 tokens is one chunk, since each chunk reads all of the head's weights."""


def loss_function(
    model: Any, probe: Batch, *, packed: bool = False, sampled: SampledVocabulary | None = None
) -> LossFunction:
    """The loss of `model`: chunked where its logits are plainly hidden states times a matrix.

    With `packed` the posts of a batch are computed in one row, for which the model is suited. The
    loss that is learnt from looks at the `sampled` part of the vocabulary, all others at all of it.

    Some families scale or cap their logits. A cap is known by its name in the configuration, since
    small logits hardly show it; whatever else is seen by trying both ways on a post of `probe`.
    Such a model takes the plain loss.
    """
    head = model.get_output_embeddings()
    run = run_packed if packed else run_in_rows

    def chunked(batch: Batch) -> Tensor:
        hidden, targets = run(model.base_model, batch), batch.targets[batch.counted]
        weight, bias = head.weight, getattr(head, "bias", None)
        if not torch.is_grad_enabled():  # else their gradients would be made for nothing
            weight, bias = weight.detach(), None if bias is None else bias.detach()
        elif sampled:
            weight, bias, targets = sampled.part_of(weight, bias, targets, batch.step)
        loss: Tensor = ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
            hidden, weight, bias, targets
        )
        return loss

    def plain(batch: Batch) -> Tensor:
        return cross_entropy(run(model, batch).float(), batch.targets[batch.counted])

    one = rows_of(probe, slice(1))
    return chunked if not _caps_logits(model) and _same(chunked, plain, one) else plain


def _caps_logits(model: Any) -> bool:
    """Whether the configuration names a cap of the logits, as Gemma 2's final_logit_softcapping."""
    named = model.config.get_text_config().to_dict()
    return any(
        value and "logit" in name and "cap" in name and not name.startswith("att")
        for name, value in named.items()
    )


def _same(chunked: LossFunction, plain: LossFunction, probe: Batch) -> bool:
    with torch.no_grad():
        expected = plain(probe)
        try:
            return bool(torch.isclose(chunked(probe), expected, rtol=1e-2, atol=1e-2))
        except (AttributeError, TypeError, RuntimeError):  # its parts do not fit together so
            return False


class ChunkedCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of `hidden @ weight.T + bias`; its gradients are made in the forward pass.

    A chunk's logits are turned into its share of the gradients at once and thrown away, so memory
    stays bounded whatever the vocabulary (as Liger Kernel does it, Hsu et al. 2024,
    arXiv:2410.10989).
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor
    ) -> Tensor:
        """The mean loss, a scalar in fp32.

        Shapes: hidden [tokens, width], weight [vocabulary, width], bias [vocabulary], targets
        [tokens].
        """
        wants = [tensor is not None and tensor.requires_grad for tensor in (hidden, weight, bias)]
        grads = [
            torch.empty_like(tensor) if tensor is not None and wanted else None
            for tensor, wanted in zip((hidden, weight, bias), wants, strict=True)
        ]
        total = torch.zeros((), dtype=torch.float64, device=hidden.device)
        for chunk in _chunks(len(targets)):
            losses, error = _errors(hidden[chunk], weight, bias, targets[chunk])
            total += losses.sum(dtype=torch.float64)
            _add_gradients(grads, error, hidden[chunk], weight, chunk, 1 / len(targets))
        ctx.save_for_backward(*(grad for grad in grads if grad is not None))
        ctx.wants = wants  # type: ignore[attr-defined]
        return (total / len(targets)).float()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients made before, scaled by the gradient of what follows the loss."""
        saved = iter(ctx.saved_tensors)
        grads = [next(saved).mul_(outer[0]) if wanted else None for wanted in ctx.wants]
        return (*grads, None)


def _chunks(rows: int) -> Iterator[slice]:
    """All rows in as few chunks of at most ROWS as it takes, as long as one another."""
    size = -(-rows // -(-rows // ROWS))
    for first in range(0, rows, size):
        yield slice(first, first + size)


def _errors(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """The loss of each token, and softmax minus one-hot: the gradient at its logits."""
    logits = torch.nn.functional.linear(hidden, weight, bias)
    if logits.dtype == torch.bfloat16 and logits.device.type == "cpu" and available():
        return cross_entropy_in_place(logits, targets), logits
    scores = logits.log_softmax(dim=1, dtype=torch.float32)
    own = targets[:, None]
    losses = -scores.gather(1, own)
    error = scores.exp_()
    error.scatter_add_(1, own, -torch.ones_like(losses))
    return losses, error.to(weight.dtype)


def _add_gradients(
    grads: list[Tensor | None],
    error: Tensor,
    hidden: Tensor,
    weight: Tensor,
    chunk: slice,
    scale: float,
) -> None:
    """Write the first chunk's share of the gradients, add that of each other."""
    of_hidden, of_weight, of_bias = grads
    kept = float(chunk.start > 0)
    if of_hidden is not None:
        torch.mm(error, weight, out=of_hidden[chunk]).mul_(scale)
    if of_weight is not None:
        of_weight.addmm_(error.T, hidden, beta=kept, alpha=scale)
    if of_bias is not None:
        own = error.sum(dim=0) * scale
        of_bias.copy_(own + of_bias if kept else own)
