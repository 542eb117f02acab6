from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from components.contracts.errors import BadInputError
from components.lm import self_test
from components.lm.decoding.shape import read_shape
from components.lm.format_quality import format_bits_per_byte
from components.lm.formats import INT8, Format, FormatName, allowed_formats
from components.lm.models import LanguageModel, load_model
from components.lm.score import post_bits
from components.lm.self_test import FormatChoice, choose_format

CPU = torch.device("cpu")
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
    lm: LanguageModel = load_model(folder)
    scored = [TEXTS[0], TEXTS[2]]  # one is empty, one longer than the context length
    exact = sum(post_bits(lm, scored)) / sum(len(text.encode()) for text in scored)
    assert found["fp32"] == pytest.approx(exact, rel=1e-6)
    assert found["bf16"] == pytest.approx(exact, rel=0.01)
    assert found["int8"] == pytest.approx(exact, rel=0.01)
    assert len(set(found.values())) == 3


def test_without_a_text_there_is_no_figure(model_folder: Callable[[str], Path]) -> None:
    with pytest.raises(BadInputError, match="no text"):
        format_bits_per_byte(model_folder("gpt2"), [""])


Times = dict[int, float]


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Times]:
    """What the self-test will measure, by format."""
    measured: dict[str, Times] = {
        "fp32": {1: 10, 2: 10, 4: 10, 8: 10, 32: 10},
        "bf16": {1: 5, 2: 5, 4: 5, 8: 5, 32: 5},
        "int8": {1: 3, 2: 4, 4: 6, 8: 9},
    }

    def times(shape: object, number_format: Format, counts: object = None) -> Times:
        return measured["int8" if number_format.int8_rows else number_format.base]

    monkeypatch.setattr(self_test, "_times", times)
    monkeypatch.setattr(self_test.native, "available", lambda: False)
    self_test._measured.cache_clear()
    return measured


def chosen(folder: Path, allowed: frozenset[FormatName] = EVERY) -> Format:
    return choose_format("auto", read_shape(folder), CPU, allowed).format


def test_auto_takes_the_fastest(
    speeds: dict[str, Times], model_folder: Callable[[str], Path]
) -> None:
    assert chosen(model_folder("llama")) == Format("bf16", 2)
    assert chosen(model_folder("llama"), frozenset({"fp32", "bf16"})) == Format("bf16")
    assert chosen(model_folder("llama"), frozenset({"fp32"})) == Format("fp32")
    assert chosen(model_folder("llama"), frozenset({"fp32", "int8"})) == Format("fp32", 8)


def test_bf16_without_the_instructions_for_it_is_not_taken(
    speeds: dict[str, Times], model_folder: Callable[[str], Path]
) -> None:
    speeds["bf16"] = dict.fromkeys((1, 2, 4, 8, 32), 50.0)
    assert chosen(model_folder("llama")) == Format("fp32", 8)


@pytest.mark.skipif(not self_test.native.available(), reason="the decoder in C cannot run here")
def test_the_decoder_in_c_is_taken_unmeasured_where_int8_may_be_used(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test, "_measured", lambda *_: FormatChoice(Format(), ()))
    choice = choose_format("auto", read_shape(model_folder("llama")), CPU, EVERY)
    assert choice.format == INT8
    assert str(choice.format) == "int8"
    assert "int8, by the decoder in C" in choice.lines[0]
    assert chosen(model_folder("llama"), frozenset({"fp32", "bf16"})) == Format()


def test_what_is_asked_for_is_taken_unmeasured(model_folder: Callable[[str], Path]) -> None:
    for asked in ("fp32", "bf16"):
        choice = choose_format(asked, read_shape(model_folder("gpt2")), CPU, frozenset())  # type: ignore[arg-type]
        assert choice.format == Format(asked)  # type: ignore[arg-type]
        assert "as asked" in choice.lines[0]


def test_the_machine_is_measured_in_a_second_and_the_log_says_so(
    model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test.native, "available", lambda: False)
    monkeypatch.setattr(self_test, "WEIGHTS", 100_000)
    monkeypatch.setattr(self_test, "SECONDS_EACH", 0.001)
    self_test._measured.cache_clear()
    choice = choose_format("auto", read_shape(model_folder("gpt2")), CPU, EVERY)
    assert [line.split(":")[0] for line in choice.lines[:4]] == [
        "self-test", "fp32", "bf16", "int8",
    ]  # fmt: skip
    assert str(choice.format) in choice.lines[-1]
