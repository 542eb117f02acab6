"""The library's functions beside torch's in fp32: values and gradients, in shapes of all kinds."""

from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from components.train.native.functions import (
    LANES,
    CausalAttention,
    Gelu,
    RmsNorm,
    SwiGlu,
    cross_entropy_in_place,
)
from components.train.native.library import available

pytestmark = pytest.mark.skipif(not available(), reason="no compiler, or no AVX-512, here")

ROUNDING = 2.0**-7
"""bf16 keeps eight bits; what is rounded twice may differ in the last."""
WIDTHS = st.integers(1, 6).map(lambda count: count * LANES)
SOME = settings(max_examples=30, deadline=None)


def made(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).bfloat16().requires_grad_()


def check(
    own: Callable[..., Tensor], plain: Callable[..., Tensor], inputs: Sequence[Tensor]
) -> None:
    """Values and gradients of `own` in bf16 are those of `plain` in fp32, but for rounding."""
    exact = [tensor.detach().float().requires_grad_() for tensor in inputs]
    found, expected = own(*inputs), plain(*exact)
    outer = torch.randn(found.shape, generator=torch.Generator().manual_seed(7)).bfloat16()
    grads = torch.autograd.grad(found, inputs, outer)
    expected_grads = torch.autograd.grad(expected, exact, outer.float())
    for mine, true in zip((found, *grads), (expected, *expected_grads), strict=True):
        assert mine.dtype == torch.bfloat16
        assert mine.shape == true.shape
        largest = float(true.detach().abs().max())
        torch.testing.assert_close(
            mine.detach().float(), true.detach(), rtol=ROUNDING, atol=ROUNDING * largest + 1e-5
        )


@SOME
@given(seed=st.integers(0, 99), rows=st.integers(1, 5), width=WIDTHS)
def test_the_norm_is_the_root_mean_squares(seed: int, rows: int, width: int) -> None:
    def plain(x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (width,), weight, 1e-5)

    def own(x: Tensor, weight: Tensor) -> Tensor:
        return RmsNorm.apply(x, weight, 1e-5)

    check(own, plain, [made(seed, 2, rows, width), made(seed + 1, width)])


@SOME
@given(seed=st.integers(0, 99), rows=st.integers(1, 5), width=WIDTHS)
def test_activations_are_silus_and_gelus(seed: int, rows: int, width: int) -> None:
    gate, up = made(seed, rows, width), made(seed + 1, rows, width)
    check(SwiGlu.apply, lambda g, u: functional.silu(g) * u, [gate, up])
    check(Gelu.apply, lambda x: functional.gelu(x, approximate="tanh"), [gate])


def test_far_values_stay_numbers() -> None:
    far = torch.tensor([-3e38, -1e4, -90.0, 90.0, 1e4, 3e38, 0.0, -0.0] * 2).bfloat16()
    far.requires_grad_()
    for found in (Gelu.apply(far), SwiGlu.apply(far, torch.ones_like(far))):
        (grad,) = torch.autograd.grad(found.float().clamp(-1e6, 1e6).sum(), far)
        assert not found.isnan().any()
        assert not grad[1:5].isnan().any()


@SOME
@given(
    seed=st.integers(0, 99),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    kv_heads=st.integers(1, 3),
    shared=st.integers(1, 3),
    head_dim=st.sampled_from([16, 48, 64, 80, 128]),
    angles=st.booleans(),
)
def test_attention_is_causal_within_a_post_after_the_shared_start_and_shares_its_keys(
    seed: int, lengths: list[int], kv_heads: int, shared: int, head_dim: int, angles: bool
) -> None:
    rows = 1 + sum(lengths) - len(lengths)
    places = torch.cat([torch.zeros(1), *(torch.arange(1, length) for length in lengths)])
    halves = places[None, :, None] / torch.arange(1, head_dim // 2 + 1)
    tables = [turn(halves).repeat(1, 1, 2).bfloat16() for turn in (torch.cos, torch.sin)]
    if not angles or head_dim % (2 * LANES):
        tables = []

    def rotated(tensor: Tensor) -> Tensor:
        """[rows, heads x head_dim] turned, in the dtype it has."""
        if not tables:
            return tensor
        cosines, sines = (table[0, :, None].to(tensor.dtype) for table in tables)
        states = tensor.view(rows, -1, head_dim)
        first, second = states.chunk(2, dim=-1)
        return (states * cosines + torch.cat([-second, first], dim=-1) * sines).flatten(1)

    def turned(tensor: Tensor) -> Tensor:
        return tensor.view(1, len(tensor), -1, head_dim).transpose(1, 2)

    def own(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return CausalAttention.apply(
            turned(q), turned(k), turned(v), 0.2, torch.tensor(lengths), *tables
        )

    def plain(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k = rotated(q), rotated(k)
        after = [tensor[1:].split([length - 1 for length in lengths]) for tensor in (q, k, v)]
        found = [
            functional.scaled_dot_product_attention(
                *(
                    turned(torch.cat([of[:1], own]))
                    for of, own in zip((q, k, v), post, strict=True)
                ),
                is_causal=True,
                scale=0.2,
                enable_gqa=True,
            )
            for post in zip(*after, strict=True)
        ]
        rows = [found[0][:, :, :1], *(post[:, :, 1:] for post in found)]
        return torch.cat(rows, dim=2).transpose(1, 2)

    heads = kv_heads * shared
    sizes = (heads * head_dim, kv_heads * head_dim, kv_heads * head_dim)
    check(own, plain, [made(seed + i, rows, size) for i, size in enumerate(sizes)])


@SOME
@given(seed=st.integers(0, 99), rows=st.integers(1, 4), size=st.integers(1, 100))
def test_the_cross_entropy_leaves_its_gradients(seed: int, rows: int, size: int) -> None:
    logits = made(seed, rows, size).detach() * 4
    targets = torch.randint(size, (rows,), generator=torch.Generator().manual_seed(seed))
    exact = logits.float().requires_grad_()
    expected = functional.cross_entropy(exact, targets, reduction="none")
    (grads,) = torch.autograd.grad(expected.sum(), exact)
    losses = cross_entropy_in_place(logits, targets)
    torch.testing.assert_close(losses[:, 0], expected.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits.float(), grads, rtol=ROUNDING, atol=1e-6)


def test_a_logit_that_is_no_number_makes_a_loss_that_is_none() -> None:
    logits = torch.zeros(1, 40).bfloat16()
    logits[0, 3] = float("nan")
    assert cross_entropy_in_place(logits, torch.tensor([5])).isnan().all()
