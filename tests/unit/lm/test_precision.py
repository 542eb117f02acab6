import pytest
import torch

from components.lm import precision
from components.lm.precision import choose_precision

CPU = torch.device("cpu")


def test_what_is_asked_for_is_taken() -> None:
    assert choose_precision("bf16", CPU).dtype == "bf16"


@pytest.mark.parametrize(("bf16", "expected"), [(600e9, "bf16"), (17e9, "fp32"), (160e9, "fp32")])
def test_the_faster_format_is_chosen(
    monkeypatch: pytest.MonkeyPatch, bf16: float, expected: str
) -> None:
    rates = {torch.float32: 150e9, torch.bfloat16: bf16}
    monkeypatch.setattr(precision, "gemm_rate", lambda dtype: rates[dtype])
    choice = choose_precision("auto", CPU)
    assert choice.dtype == expected
    assert "150 GFLOP/s in fp32" in choice.reason


def test_the_rate_is_measured() -> None:
    assert precision.gemm_rate(torch.float32, shape=(8, 8, 8), seconds=0.01) > 0
