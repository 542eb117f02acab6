"""Drawing in C beside drawing with torch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.native_kernels import LEVELS_HERE

from components.lm import sampling
from components.lm.decoding.native.library import LEVEL_VARIABLE
from components.lm.decoding.native.sampling import choose_natively
from components.lm.sampling import draws


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("size", [1, 2, 15, 16, 255, 257, 1000])
def test_the_tokens_are_those_that_torch_draws(
    level: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEVEL_VARIABLE, level)
    logits = 3 * torch.randn(60, size, generator=torch.Generator().manual_seed(size))
    temperatures = [0.0, 1.0, 0.3, 2.0, 1e-30] * 12
    top_ps = [1.0, 0.95, 0.5, 0.1, 1.0, 1e-9] * 10
    own, theirs = ([draws(1, row, 0) for row in range(60)] for _ in range(2))
    expected = sampling.choose(logits, temperatures, top_ps, theirs).tolist()
    assert choose_natively(logits, temperatures, top_ps, own) == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 600), st.floats(0.01, 5), st.floats(0.01, 1), st.integers(0, 999))
def test_a_row_is_drawn_alone_as_in_a_batch(
    size: int, temperature: float, top_p: float, seed: int
) -> None:
    logits = 4 * torch.randn(5, size, generator=torch.Generator().manual_seed(seed))
    own = [draws(seed, row, 0) for row in range(5)]
    together = choose_natively(logits, [temperature] * 5, [top_p] * 5, own)
    for row, token in enumerate(together):
        alone = choose_natively(
            logits[row : row + 1], [temperature], [top_p], [draws(seed, row, 0)]
        )
        assert alone == [token]


def test_tokens_are_drawn_from_the_nucleus_in_proportion() -> None:
    rows = 4000
    logits = torch.tensor([[0.1, 0.5, 0.3, 0.1]]).log().expand(rows, -1)
    own = [draws(3, row, 0) for row in range(rows)]
    chosen = choose_natively(logits, [1.0] * rows, [0.75] * rows, own)
    shares = [chosen.count(token) / rows for token in range(4)]
    assert shares == pytest.approx([0, 0.625, 0.375, 0], abs=0.03)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_what_is_no_number_ends_the_drawing(value: float) -> None:
    (token,) = choose_natively(torch.full((1, 300), value), [1.0], [0.9], [draws(0, 0, 0)])
    assert 0 <= token < 300


def test_a_token_that_is_ruled_out_is_never_drawn() -> None:
    logits = torch.full((200, 300), -torch.inf)
    logits[:, 7] = 0
    assert set(
        choose_natively(logits, [1.0] * 200, [1.0] * 200, [draws(0, n, 0) for n in range(200)])
    ) == {7}


def test_the_coldest_temperature_takes_the_most_probable() -> None:
    logits = torch.tensor([[0.1, 2.0, 1.9]])
    assert choose_natively(logits, [5e-324], [1.0], [draws(0, 0, 0)]) == [1]
