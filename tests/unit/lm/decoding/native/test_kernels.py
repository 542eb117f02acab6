"""Each kernel, at each level that this processor has, beside torch and a plain reference."""

import ctypes

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.native_kernels import LEVELS_HERE, Product, kernels, quantized
from torch import Tensor
from torch.nn import functional

from components.lm.decoding.native.adapters import packed_down, packed_up
from components.lm.decoding.native.layout import (
    GROUP,
    PANEL,
    QUARTET,
    RANKS,
    TILE_ROWS,
    Norm,
    rounded_up,
)
from components.lm.decoding.native.pack import pack

at_each_level = pytest.mark.parametrize("level", LEVELS_HERE)
shapes = settings(max_examples=40, deadline=None)
sizes = st.integers(1, 300)


def values(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def groups(rows: Tensor) -> Tensor:
    """`rows` as [n, groups, GROUP], zeros behind them."""
    missing = rounded_up(rows.shape[1], GROUP) - rows.shape[1]
    return functional.pad(rows, (0, missing)).view(len(rows), -1, GROUP)


@at_each_level
@shapes
@given(st.integers(1, 3), sizes, st.integers(0, 99))
def test_rounded_activations_are_within_half_a_step(
    level: str, count: int, size: int, seed: int
) -> None:
    rows = values(seed, count, size)
    rounded = quantized(level, rows)
    steps = rounded.values.view(count, -1, GROUP)
    restored = steps * rounded.scales[..., None]
    assert ((restored - groups(rows)).abs() <= rounded.scales[..., None] * 0.501).all()
    assert torch.equal(rounded.offsets, -128 * steps.sum(dim=2, dtype=torch.int32))
    assert not steps.flatten(1)[:, size:].any()


@at_each_level
def test_a_group_of_zeros_and_one_of_huge_values_stay_apart(level: str) -> None:
    rows = torch.zeros(1, 3 * GROUP)
    rows[0, GROUP : 2 * GROUP] = 1e30
    rounded = quantized(level, rows)
    assert rounded.scales[0].tolist() == pytest.approx([0, 1e30 / 127, 0])
    assert rounded.values[0, GROUP : 2 * GROUP].tolist() == [127] * GROUP


def reference(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The product of what both are rounded to, in double precision."""
    scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
    rounded = (weight / scale).round().double() * scale
    x = quantized("plain", rows)
    restored = (x.values.view(*x.scales.shape, GROUP).double() * x.scales[..., None]).flatten(1)
    result = restored[:, : rows.shape[1]] @ rounded.T
    return result if bias is None else result + bias


@at_each_level
@shapes
@given(st.integers(1, 11), sizes, sizes, st.booleans(), st.integers(0, 99))
def test_products_are_those_of_the_rounded_values(
    level: str, count: int, inputs: int, outputs: int, biased: bool, seed: int
) -> None:
    rows, weight = values(seed, count, inputs), values(seed + 1, outputs, inputs)
    bias = values(seed + 2, outputs) if biased else None
    product = Product(level, rows, weight, bias)
    exact = reference(rows, weight, bias)
    for times in (1, 2):
        product.run()
        found = product.into[:, :outputs].double()
        assert torch.allclose(found, times * exact, rtol=1e-5, atol=1e-4)
    assert not product.into[:, outputs:].any()


@at_each_level
def test_the_largest_values_saturate_no_sum(level: str) -> None:
    for sign in (1, -1):
        product = Product(level, torch.ones(5, 4096), sign * torch.ones(PANEL, 4096))
        product.run()
        assert torch.allclose(product.into, torch.full((5, PANEL), sign * 4096.0))


def test_every_level_gives_the_same_product() -> None:
    rows, weight = values(0, 7, 200), values(1, 70, 200)
    products = [Product(level, rows, weight) for level in LEVELS_HERE[1:]]
    for product in products:
        product.run()
    assert all(torch.equal(product.into, products[0].into) for product in products)


def test_weights_are_rounded_to_the_nearest_step() -> None:
    weight = values(0, 40, 70)
    matrix, (packed, scales) = pack(weight)
    assert (matrix.outputs, matrix.inputs) == (64, 128)
    steps = packed.view(2, 32, PANEL, 4).transpose(1, 2).reshape(64, 128).int() - 128
    assert not steps[40:].any()
    assert not steps[:, 70:].any()
    error = (steps * scales[:, None])[:40, :70] - weight
    assert (error.abs() <= 0.501 * scales[:40, None]).all()


@at_each_level
@shapes
@given(sizes, st.booleans(), st.integers(0, 99))
def test_norms_are_torchs(level: str, size: int, biased: bool, seed: int) -> None:
    row, weight, bias, out = (values(seed + n, size) for n in range(4))
    norm = Norm(weight.data_ptr(), bias.data_ptr() if biased else None)
    kernels(level).norm(row.data_ptr(), size, ctypes.addressof(norm), 1e-5, out.data_ptr())
    exact = (
        functional.layer_norm(row, (size,), weight, bias, 1e-5)
        if biased
        else functional.rms_norm(row, (size,), weight, 1e-5)
    )
    assert torch.allclose(out, exact, rtol=1e-4, atol=1e-5)


@at_each_level
@pytest.mark.parametrize("spread", [1.0, 30.0, 1000.0])
def test_activations_are_torchs(level: str, spread: float) -> None:
    gate, up, out = spread * values(0, 320), values(1, 320), torch.empty(320)
    kernels(level).silu_gate(gate.data_ptr(), up.data_ptr(), 320, out.data_ptr())
    assert torch.allclose(out, functional.silu(gate) * up, rtol=1e-5, atol=1e-6)
    kernels(level).gelu(gate.data_ptr(), 320, out.data_ptr())
    assert torch.allclose(out, functional.gelu(gate, approximate="tanh"), rtol=1e-5, atol=1e-6)


@at_each_level
@shapes
@given(sizes, st.integers(0, 99))
def test_bf16_is_torchs(level: str, size: int, seed: int) -> None:
    row, back = values(seed, size), torch.empty(size)
    half = torch.empty(size, dtype=torch.bfloat16)
    kernels(level).to_bf16(row.data_ptr(), size, half.data_ptr())
    assert torch.equal(half, row.bfloat16())
    kernels(level).from_bf16(half.data_ptr(), size, back.data_ptr())
    assert torch.equal(back, half.float())


@at_each_level
@shapes
@given(st.integers(1, 100), st.integers(0, 99))
def test_heads_are_turned_by_their_angles(level: str, half: int, seed: int) -> None:
    head, angle = values(seed, 2 * half), values(seed + 1, half)
    first, second = head[:half].clone(), head[half:].clone()
    cosines, sines = angle.cos(), angle.sin()
    kernels(level).rotate(head.data_ptr(), half, cosines.data_ptr(), sines.data_ptr())
    turned = torch.cat((first * cosines - second * sines, second * cosines + first * sines))
    assert torch.allclose(head, turned, atol=1e-6)


@at_each_level
@shapes
@given(st.integers(1, 90), st.integers(1, 9), st.integers(1, 100), st.integers(0, 99))
def test_attention_is_torchs(
    level: str, length: int, shared: int, head_dim: int, seed: int
) -> None:
    queries, out = values(seed, shared, head_dim), torch.empty(shared, head_dim)
    keys, kept = (values(seed + n, length, head_dim).bfloat16() for n in (1, 2))
    scores = torch.empty(shared * rounded_up(length, 16))
    kernels(level).attend(
        queries.data_ptr(), keys.data_ptr(), kept.data_ptr(), length, shared, head_dim,
        scores.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    exact = functional.scaled_dot_product_attention(queries, keys.float(), kept.float())
    assert torch.allclose(out, exact, rtol=1e-4, atol=1e-5)


@at_each_level
@pytest.mark.parametrize("value", [1e-40, torch.inf, -torch.inf, torch.nan])
def test_odd_values_stay_in_their_group(level: str, value: float) -> None:
    rows = torch.zeros(1, 2 * GROUP)
    rows[0, :5], rows[0, GROUP:] = value, 1.0
    rounded = quantized(level, rows)
    assert rounded.scales[0, 1] == pytest.approx(1 / 127)
    assert (rounded.offsets.abs() <= 128 * 128 * GROUP).all()
    assert rounded.values[0, GROUP:].tolist() == [127] * GROUP


def restored(low: Tensor) -> Tensor:
    """The values of quartets [n, 12 bytes], as [4 n]."""
    values = low[:, :QUARTET].contiguous().view(torch.int8)
    return (values * low[:, 8:].contiguous().view(torch.float32)).flatten()


def in_quartets(low: Tensor) -> Tensor:
    """Values [rows, ranks] as `shrink` leaves them: [rows, ranks / 4, 12 bytes]."""
    fours = low.view(len(low), -1, QUARTET)
    scales = fours.abs().amax(dim=2, keepdim=True).clamp(min=1e-12) / 127
    values = (fours / scales).round().to(torch.int8)
    offsets = -128 * values.sum(dim=2, keepdim=True, dtype=torch.int32)
    return torch.cat([part.contiguous().view(torch.uint8) for part in (values, offsets, scales)], 2)


@at_each_level
@shapes
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 99))
def test_a_row_meets_the_first_half_of_an_adapter(
    level: str, ranks: int, groups_of_inputs: int, seed: int
) -> None:
    inputs, padded = groups_of_inputs * GROUP, rounded_up(ranks, RANKS)
    rows, down = values(seed, 2, inputs), values(seed + 1, ranks, inputs)
    (packed, scales), x = packed_down([down[None]], inputs), quantized(level, rows)
    out, structure = torch.full((padded // QUARTET + 1, 12), 7, dtype=torch.uint8), x.structure
    kernels(level).shrink(
        packed.data_ptr(), scales.data_ptr(), padded, inputs, ctypes.addressof(structure), 1,
        out.data_ptr(),
    )  # fmt: skip
    exact = reference(rows, down, None)[1]
    low = restored(out[:-1])
    largest = functional.pad(exact, (0, padded - ranks)).view(-1, QUARTET).abs().amax(dim=1)
    error = (low[:ranks] - exact).abs()
    assert (error <= largest.repeat_interleave(QUARTET)[:ranks] / 127 * 0.51 + 1e-4).all()
    assert not low[ranks:].any()
    assert (out[-1] == 7).all()


@at_each_level
@shapes
@given(st.integers(1, TILE_ROWS), st.integers(0, 10), st.integers(0, 99))
def test_the_second_half_of_an_adapter_is_added(
    level: str, count: int, quartets: int, seed: int
) -> None:
    ranks = quartets * QUARTET
    low, up = in_quartets(values(seed, count, ranks + QUARTET)), values(seed + 1, PANEL, ranks)
    packed, scales = packed_up(up[None])
    out = values(seed + 2, count, PANEL + 5)
    before = out.clone()
    kernels(level).expand(
        packed.data_ptr(), quartets, low.data_ptr(), quartets + 1, count, out.data_ptr(),
        PANEL + 5, 99,
    )  # fmt: skip
    steps = (up / scales[0]).round().double()
    exact = torch.stack([steps @ restored(row)[:ranks].double() for row in low])
    assert torch.allclose(out[:, :PANEL].double(), before[:, :PANEL] + exact, rtol=1e-5, atol=2e-3)
    assert torch.equal(out[:, PANEL:], before[:, PANEL:])
