import pytest
import torch

from components.lm.sampling import choose, draws


def frequencies(probabilities: list[float], top_p: float, temperature: float = 1.0) -> list[float]:
    rows = 4000
    logits = torch.tensor([probabilities]).log().expand(rows, -1)
    own = [draws(3, row, 0) for row in range(rows)]
    chosen = choose(logits, [temperature] * rows, [top_p] * rows, own)
    return [float((chosen == token).float().mean()) for token in range(len(probabilities))]


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [
        (1.0, [0.1, 0.5, 0.3, 0.1]),
        (0.75, [0, 0.625, 0.375, 0]),
        (0.45, [0, 1, 0, 0]),
        (1e-9, [0, 1, 0, 0]),
    ],
)
def test_tokens_are_drawn_from_the_nucleus_in_proportion(
    top_p: float, expected: list[float]
) -> None:
    assert frequencies([0.1, 0.5, 0.3, 0.1], top_p) == pytest.approx(expected, abs=0.03)


def test_temperature_sharpens() -> None:
    assert frequencies([0.2, 0.8], 1.0, 0.5) == pytest.approx([0.04 / 0.68, 0.64 / 0.68], abs=0.02)


def test_temperature_zero_takes_the_most_probable() -> None:
    assert choose(torch.tensor([[0.1, 2.0, 1.9]]), [0], [1.0], [draws(0, 0, 0)]).tolist() == [1]


def test_each_row_has_its_own_settings() -> None:
    logits = torch.tensor([[0.1, 0.5, 0.3, 0.1]]).log().expand(3000, -1)
    temperatures, top_ps = [0.0, 1.0, 1e-30] * 1000, [1.0, 0.75, 1.0] * 1000
    chosen = choose(logits, temperatures, top_ps, [draws(3, row, 0) for row in range(3000)])
    assert set(chosen[0::3].tolist()) == {1}
    assert set(chosen[1::3].tolist()) == {1, 2}
    assert set(chosen[2::3].tolist()) == {1}


@pytest.mark.parametrize("size", [255, 256, 257, 1000])
def test_large_vocabularies_are_drawn_as_one_running_sum_would(size: int) -> None:
    weights = torch.rand(1, size, generator=torch.Generator().manual_seed(size))
    mass = (weights / weights.sum()).double().cumsum(1)
    for position in range(300):
        uniform = next(draws(1, 2, position))
        expected = int(torch.searchsorted(mass[0], uniform, right=True))
        (token,) = choose(weights.log(), [1.0], [1.0], [draws(1, 2, position)]).tolist()
        near = min(abs(float(mass[0, i]) - uniform) for i in (max(expected - 1, 0), expected))
        assert token == expected or near < 1e-5


def test_what_is_no_number_ends_the_drawing() -> None:
    (token,) = choose(torch.full((1, 300), torch.nan), [1.0], [0.9], [draws(0, 0, 0)]).tolist()
    assert 0 <= token < 300
