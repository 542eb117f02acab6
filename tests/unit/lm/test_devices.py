import pytest
import torch

from components.contracts.errors import BadInputError
from components.lm.devices import choose_device


def fail(*args: object, **more: object) -> None:
    raise RuntimeError("CUDA error: no kernel image is available\nfor this device")


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("there", [True, False])
def test_auto_takes_a_gpu_if_there_is_one(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto").type == ("cuda" if there else "cpu")


def test_a_build_for_the_processor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(BadInputError, match="--device cuda: torch .* take the CUDA build"):
        choose_device("cuda")


def test_without_a_driver_it_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadInputError, match="--device cuda: torch sees no GPU.*driver"):
        choose_device("cuda")


def test_a_gpu_that_does_not_compute_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", fail)
    with pytest.raises(BadInputError, match="cannot be used: CUDA error: no kernel image is av"):
        choose_device("cuda")


def test_a_gpu_that_computes_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda size, device: ones(size))
    assert choose_device("cuda").type == "cuda"
