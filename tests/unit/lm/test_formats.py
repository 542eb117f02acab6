from collections.abc import Callable
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.lm.format_quality import format_bits_per_byte
from components.lm.formats import FormatName, allowed_formats
from components.lm.score import Scorer

TEXTS = ["the kettle sings", "", "soup on the stove 🚲", "rain " * 500]
EVERY: frozenset[FormatName] = frozenset({"fp32", "bf16", "int8"})


def test_a_format_that_costs_more_than_one_percent_in_bits_per_byte_is_not_allowed() -> None:
    assert allowed_formats({"fp32": 2.0, "bf16": 2.019, "int8": 2.021}) == {"fp32", "bf16"}
    assert allowed_formats({"fp32": 2.0}) == allowed_formats({}) == {"fp32"}
    assert allowed_formats({"fp32": 2.0, "bf16": float("nan")}) == {"fp32"}


def test_a_format_that_is_better_than_fp32_is_allowed() -> None:
    assert allowed_formats({"fp32": 2.2, "bf16": 2.15, "int8": 2.3}) == {"fp32", "bf16"}
    assert allowed_formats({"fp32": 2.2, "bf16": 1.1, "int8": 2.0}) == EVERY


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_bits_per_byte_are_those_of_the_evaluation(
    family: str, model_folder: Callable[[str], Path]
) -> None:
    folder = model_folder(family)
    found = format_bits_per_byte(folder, TEXTS)
    assert list(found) == ["fp32", "bf16", "int8"]
    scored = [TEXTS[0], TEXTS[2]]  # one is empty, one longer than the context length
    exact = sum(bits for _, bits in Scorer(folder).bits(scored)) / sum(
        len(text.encode()) for text in scored
    )
    assert found["fp32"] == pytest.approx(exact, rel=1e-6)
    assert found["bf16"] == pytest.approx(exact, rel=0.01)
    assert found["int8"] == pytest.approx(exact, rel=0.01)
    assert len(set(found.values())) == 3


def test_without_a_text_there_is_no_figure(model_folder: Callable[[str], Path]) -> None:
    with pytest.raises(BadInputError, match="no text"):
        format_bits_per_byte(model_folder("gpt2"), [""])
