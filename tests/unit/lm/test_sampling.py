import pytest
import torch

from components.lm.sampling import choose, draws


def frequencies(probabilities: list[float], top_p: float, temperature: float = 1.0) -> list[float]:
    rows = 4000
    logits = torch.tensor([probabilities]).log().expand(rows, -1)
    chosen = choose(logits, temperature, top_p, [draws(3, row, 0) for row in range(rows)])
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
    assert choose(torch.tensor([[0.1, 2.0, 1.9]]), 0, 1.0, [draws(0, 0, 0)]).tolist() == [1]
