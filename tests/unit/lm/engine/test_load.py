"""Which dtype a model is loaded in."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from components.lm import autotune
from components.lm.autotune import Times
from components.lm.decoding.native import library as native
from components.lm.engine import load
from components.lm.engine.load import load_engine
from components.lm.engine.protocol import Dtype, EngineSettings
from components.lm.formats import Format

FINE = {"fp32": 2.0, "bf16": 2.001, "int8": 2.002}
POOR = {"fp32": 2.0, "bf16": 2.1, "int8": 2.1}


@pytest.fixture(autouse=True)
def _a_machine_that_is_fast_in_small_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    def times(shape: object, formats: list[Format], counts: object = None) -> list[Times]:
        each = {"fp32": 9.0, "bf16": 3.0}
        seconds = (1.0 if one.int8_rows else each[one.base] for one in formats)
        return [dict.fromkeys(autotune.ROWS, one) for one in seconds]

    monkeypatch.setattr(autotune, "_times", times)
    monkeypatch.setattr(autotune, "processor_features", lambda: frozenset({"avx512_bf16"}))
    monkeypatch.setattr(autotune.native, "available", lambda: False)
    autotune._timed.cache_clear()


def loaded(
    folder: Path, bits_per_byte: Mapping[str, float] | None = None, dtype: Dtype = "auto"
) -> str:
    settings = EngineSettings(dtype, cache_bytes=1 << 20, bits_per_byte=bits_per_byte)
    engine = load_engine(folder, settings)
    engine.close()
    return engine.facts.dtype


def test_the_fastest_of_those_that_keep_the_quality(tiny: Callable[[str], Path]) -> None:
    folder = tiny("llama")
    assert loaded(folder, FINE) == "bf16 + int8 up to 8 rows"
    assert loaded(folder, POOR) == "fp32"
    assert loaded(folder, POOR | {"bf16": 2.0}) == "bf16"
    assert loaded(folder, {"fp32": 2.0}) == "fp32"


@pytest.mark.skipif(not native.available(), reason="the decoder in C cannot run here")
def test_the_decoder_in_c_writes_where_int8_keeps_the_quality(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autotune.native, "available", lambda: True)
    assert loaded(tiny("llama"), FINE) == "int8"
    assert loaded(tiny("llama"), POOR) == "fp32"


def test_without_figures_they_are_measured(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "format_bits_per_byte", lambda folder, texts: POOR)
    assert loaded(tiny("llama")) == "fp32"
    assert loaded(tiny("llama"), FINE) != "fp32"


def test_what_an_operator_asks_for_is_taken_with_a_warning(
    tiny: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    assert loaded(tiny("llama"), POOR, "bf16") == "bf16"
    assert "more than 1%" in caplog.text
    caplog.clear()
    assert loaded(tiny("llama"), FINE, "bf16") == "bf16"
    assert "more than 1%" not in caplog.text
