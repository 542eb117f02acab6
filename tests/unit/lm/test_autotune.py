"""Which dtype is chosen: alike by all replicas, however busy their nodes are."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from components.lm import autotune
from components.lm.autotune import Times, by_features, choose_format
from components.lm.decoding.shape import Shape, read_shape
from components.lm.formats import INT8, Format, FormatName

CPU = torch.device("cpu")
EVERY: frozenset[FormatName] = frozenset({"fp32", "bf16", "int8"})
NO_INT8: frozenset[FormatName] = frozenset({"fp32", "bf16"})
AVX2 = frozenset({"avx2", "fma"})
ZEN4 = AVX2 | {"avx512f", "avx512_bf16", "avx512_vnni"}


@pytest.mark.parametrize(
    ("features", "level", "allowed", "chosen"),
    [
        (ZEN4, "avx512", EVERY, INT8),
        (AVX2, "avx2", EVERY, INT8),
        (None, "avx2", EVERY, INT8),
        (ZEN4, "avx512", NO_INT8, Format("bf16")),
        (ZEN4, None, NO_INT8, Format("bf16")),
        (AVX2 | {"amx_bf16"}, None, NO_INT8, Format("bf16")),
        (frozenset({"asimd", "bf16"}), None, NO_INT8, Format("bf16")),
        (AVX2, "avx2", NO_INT8, Format()),
        (ZEN4, "avx512", {"fp32"}, Format()),
        (None, None, {"fp32"}, Format()),
        (None, None, NO_INT8, None),
        (ZEN4, None, EVERY, None),
        (AVX2, None, {"fp32", "int8"}, None),
    ],
)
def test_the_processor_and_the_quality_decide(
    features: frozenset[str] | None,
    level: str | None,
    allowed: set[FormatName],
    chosen: Format | None,
) -> None:
    assert by_features(features, level, allowed) == chosen


@pytest.fixture
def shape(model_folder: Callable[[str], Path]) -> Shape:
    shape = read_shape(model_folder("llama"))
    assert shape
    return shape


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Times]:
    """A processor that nobody knows, and what the clock will say of each format there."""
    measured: dict[str, Times] = {
        "fp32": {1: 10, 2: 10, 4: 10, 8: 10, 32: 10},
        "bf16": {1: 5, 2: 5, 4: 5, 8: 5, 32: 5},
        "int8": {1: 3, 2: 4, 4: 6, 8: 9},
    }

    def times(shape: object, formats: Sequence[Format], counts: object = None) -> list[Times]:
        return [measured["int8" if one.int8_rows else one.base] for one in formats]

    monkeypatch.setattr(autotune, "_times", times)
    monkeypatch.setattr(autotune, "processor_features", lambda: None)
    monkeypatch.setattr(autotune.native, "available", lambda: False)
    autotune._timed.cache_clear()
    return measured


def test_what_nobody_knows_is_timed(speeds: dict[str, Times], shape: Shape) -> None:
    def chosen(allowed: set[FormatName] | frozenset[FormatName]) -> Format:
        return choose_format("auto", shape, CPU, allowed).format

    assert chosen(EVERY) == Format("bf16", 2)
    assert chosen(NO_INT8) == Format("bf16")
    assert chosen({"fp32"}) == Format("fp32")
    assert chosen({"fp32", "int8"}) == Format("fp32", 8)
    speeds["bf16"] = dict.fromkeys((1, 2, 4, 8, 32), 50.0)
    autotune._timed.cache_clear()
    assert chosen(EVERY) == Format("fp32", 8)


def test_what_was_timed_is_kept_for_the_next_start(
    speeds: dict[str, Times], shape: Shape, tmp_path: Path
) -> None:
    kept = tmp_path / "cache" / "dtypes.json"
    first = choose_format("auto", shape, CPU, EVERY, kept)
    speeds["bf16"] = dict.fromkeys((1, 2, 4, 8, 32), 50.0)
    autotune._timed.cache_clear()
    again = choose_format("auto", shape, CPU, EVERY, kept)
    assert again.format == first.format
    assert "earlier start" in again.lines[0]
    assert choose_format("auto", shape, CPU, NO_INT8, kept).format == Format("fp32")
    assert choose_format("auto", shape, CPU, EVERY, kept).format == first.format


def test_on_another_processor_it_is_timed_again(
    speeds: dict[str, Times], shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "dtypes.json"
    choose_format("auto", shape, CPU, EVERY, kept)
    monkeypatch.setattr(autotune, "processor_name", lambda: "another")
    assert "earlier start" not in choose_format("auto", shape, CPU, EVERY, kept).lines[0]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"a": 3}', b"\xff", b'{"a": ["fp8", 1]}'])
def test_a_damaged_file_of_choices_is_written_anew(
    content: bytes, speeds: dict[str, Times], shape: Shape, tmp_path: Path
) -> None:
    kept = tmp_path / "dtypes.json"
    kept.write_bytes(content)
    assert choose_format("auto", shape, CPU, EVERY, kept).format == Format("bf16", 2)
    autotune._timed.cache_clear()
    assert "earlier start" in choose_format("auto", shape, CPU, EVERY, kept).lines[0]


def test_where_nothing_can_be_kept_the_choice_is_made_all_the_same(
    speeds: dict[str, Times], shape: Shape, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    kept = tmp_path / "file" / "dtypes.json"
    assert choose_format("auto", shape, CPU, EVERY, kept).format == Format("bf16", 2)


def test_nothing_is_timed_where_the_processor_is_known(
    speeds: dict[str, Times], shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds.clear()
    monkeypatch.setattr(autotune, "processor_features", lambda: ZEN4)
    assert choose_format("auto", shape, CPU, NO_INT8).format == Format("bf16")


@pytest.mark.skipif(not autotune.native.available(), reason="the decoder in C cannot run here")
def test_the_decoder_in_c_is_taken_where_int8_may_be_used(shape: Shape) -> None:
    choice = choose_format("auto", shape, CPU, EVERY)
    assert choice.format == INT8
    assert "int8, by the decoder in C" in choice.lines[0]


def test_what_is_asked_for_is_taken(shape: Shape) -> None:
    for asked in ("fp32", "bf16"):
        choice = choose_format(asked, shape, CPU, frozenset())  # type: ignore[arg-type]
        assert choice.format == Format(asked)  # type: ignore[arg-type]
        assert "as asked" in choice.lines[0]


def test_the_clock_counts_the_processor_and_the_log_says_so(
    shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autotune, "processor_features", lambda: None)
    monkeypatch.setattr(autotune.native, "available", lambda: False)
    monkeypatch.setattr(autotune, "WEIGHTS", 100_000)
    monkeypatch.setattr(autotune, "SECONDS_EACH", 0.001)
    autotune._timed.cache_clear()
    choice = choose_format("auto", shape, CPU, EVERY)
    assert [line.split(":")[0] for line in choice.lines[:4]] == ["timed", "fp32", "bf16", "int8"]
    assert str(choice.format) in choice.lines[-1]
