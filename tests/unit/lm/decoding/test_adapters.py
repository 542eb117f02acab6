"""Rows of many adapters in one batch, beside the whole models that peft makes of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.adapters import change_config, make_adapter, merge
from support.decoders import FIRST, SECOND, THIRD, truth
from support.native_kernels import LEVELS_HERE
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from components.contracts.artifacts import ADAPTER_WEIGHTS
from components.contracts.errors import BadInputError
from components.lm.decoding.fast import FastDecoder
from components.lm.decoding.load import load_decoder
from components.lm.decoding.native.decoder import NativeDecoder
from components.lm.decoding.native.library import LEVEL_VARIABLE
from components.lm.decoding.protocol import Chunk, Decoder
from components.lm.decoding.shape import read_shape
from components.lm.formats import INT8, Format

CPU = torch.device("cpu")
Make = Callable[[Path], Decoder]
OPTIONS: Sequence[dict[str, Any]] = (
    {},
    {"r": 7, "lora_alpha": 3, "use_rslora": True},
    {"r": 2, "target_modules": ["c_attn", "q_proj", "v_proj", "down_proj"]},
)


def fast(weight_dtype: Format) -> Make:
    def make(folder: Path) -> Decoder:
        shape = read_shape(folder)
        assert shape is not None
        return FastDecoder(folder, shape, weight_dtype, CPU)

    return make


def native(folder: Path) -> NativeDecoder:
    shape = read_shape(folder)
    assert shape is not None
    return NativeDecoder(folder, shape)


DECODERS = [
    pytest.param(fast(Format()), 1e-4, "", id="fp32"),
    pytest.param(fast(Format("bf16")), 0.06, "", id="bf16"),
    pytest.param(fast(INT8), 0.12, "", id="int8 by torch"),
    *(pytest.param(native, 0.12, level, id=f"int8 in C, {level}") for level in LEVELS_HERE),
]
on_each_decoder = pytest.mark.parametrize(("make", "error", "level"), DECODERS)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def folders(
    request: pytest.FixtureRequest,
    model_folder: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Path]:
    """A base model, and its adapters."""
    base, root = model_folder(request.param), tmp_path_factory.mktemp("adapters")
    return [base, *_adapters(base, root)]


def _adapters(base: Path, root: Path) -> list[Path]:
    known = "c_attn" if "gpt2" in base.name else "q_proj"
    made = []
    for number, options in enumerate(OPTIONS):
        chosen = dict(options)
        if "target_modules" in chosen:
            chosen["target_modules"] = (
                ["c_attn"] if known == "c_attn" else chosen["target_modules"][1:]
            )
        made.append(make_adapter(base, root / str(number), number, **chosen))
    return made


@pytest.fixture(scope="module")
def merged(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The base model, and the whole model of each adapter."""
    base, *adapters = folders
    root = tmp_path_factory.mktemp("merged")
    return [base, *(merge(base, one, root / one.name) for one in adapters)]


@on_each_decoder
def test_each_row_is_written_by_its_own_adapter(
    make: Make,
    error: float,
    level: str,
    folders: list[Path],
    merged: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(LEVEL_VARIABLE, level)
    decoder = make(folders[0])
    one, two, three = (decoder.load_adapter(folder) for folder in folders[1:])
    decoder.resize(8, 16)
    chunks = [Chunk(0, ids, all_logits=True) for ids in (FIRST, SECOND, THIRD, FIRST)]
    begun = decoder.step([], [], chunks, [two, None, one, three])
    models = [merged[2], merged[0], merged[1], merged[3]]
    prompts = (FIRST, SECOND, THIRD, FIRST)
    expected = [truth(model, ids) for model, ids in zip(models, prompts, strict=True)]
    assert torch.allclose(begun, torch.cat(expected), atol=error)
    assert not torch.allclose(begun[-5:], begun[:5], atol=2 * error)
    joined = decoder.step([40, 41, 42], [5, 2, 8], [Chunk(0, SECOND)], [two, None, one, three])
    for logits, model, ids in zip(
        joined,
        (merged[2], merged[0], merged[1], merged[3]),
        ([*FIRST, 40], [*SECOND, 41], [*THIRD, 42], SECOND),
        strict=True,
    ):
        assert torch.allclose(logits, truth(model, ids)[-1], atol=error)


@on_each_decoder
def test_a_row_is_the_same_alone_and_among_others(
    make: Make, error: float, level: str, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEVEL_VARIABLE, level)
    decoder = make(folders[0])
    one, two, _ = (decoder.load_adapter(folder) for folder in folders[1:])
    decoder.resize(9, 16)
    alone = decoder.step([], [], [Chunk(0, FIRST)], [two])[0]
    others = [Chunk(0, SECOND)] * 8
    crowd = decoder.step([], [], [*others, Chunk(0, FIRST)], [one, None, two, one] * 2 + [two])
    exact = isinstance(decoder, NativeDecoder)
    assert torch.allclose(alone, crowd[-1], atol=0 if exact else error / 2)


@on_each_decoder
def test_without_an_adapter_nothing_is_added(
    make: Make, error: float, level: str, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEVEL_VARIABLE, level)
    decoder = make(folders[0])
    decoder.resize(2, 8)
    plain = decoder.step([], [], [Chunk(0, FIRST)])
    decoder.load_adapter(folders[1])
    assert torch.equal(decoder.step([], [], [Chunk(0, FIRST)], [None]), plain)


def test_an_adapter_beside_its_base_is_the_whole_model(
    folders: list[Path], merged: list[Path], tmp_path: Path
) -> None:
    for path in (*folders[0].iterdir(), *folders[1].iterdir()):
        (tmp_path / path.name).symlink_to(path)
    decoder = load_decoder(tmp_path, Format(), CPU)
    decoder.resize(1, 8)
    logits: Tensor = decoder.step([], [], [Chunk(0, FIRST)])
    assert torch.allclose(logits[0], truth(merged[1], FIRST)[-1], atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 8, "hidden_size": 36},
        {"intermediate_size": 70, "attention_bias": True, "tie_word_embeddings": False},
    ],
)
def test_odd_shapes_of_llama(
    tmp_path: Path, model_folder: Callable[[str], Path], changes: dict[str, Any]
) -> None:
    config: dict[str, Any] = {
        "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "tie_word_embeddings": True,
    }  # fmt: skip
    base = tmp_path / "base"
    LlamaForCausalLM(LlamaConfig(**{**config, **changes})).save_pretrained(base)
    for path in model_folder("llama").glob("tokenizer*"):
        (base / path.name).write_bytes(path.read_bytes())
    adapter = make_adapter(base, tmp_path / "adapter", r=3)
    whole = truth(merge(base, adapter, tmp_path / "merged"), THIRD)
    for make, error in [(fast(Format()), 1e-4), *([(native, 0.12)] if LEVELS_HERE else [])]:
        decoder = make(base)
        decoder.resize(1, 16)
        chunk = Chunk(0, THIRD, all_logits=True)
        logits = decoder.step([], [], [chunk], [decoder.load_adapter(adapter)])
        assert torch.allclose(logits, whole, atol=error)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peft_type": "IA3"}, "no LoRA adapter"),
        ({"use_dora": True}, "use_dora is not known here"),
        ({"bias": "all"}, "bias is not known here"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save is not known here"),
        ({"lora_alpha": None}, "lora_alpha is None"),
    ],
)
def test_what_only_peft_can_do_is_refused_in_one_sentence(
    model_folder: Callable[[str], Path], tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    base = model_folder("gpt2")
    adapter = make_adapter(base, tmp_path / "adapter")
    change_config(adapter, **changes)
    with pytest.raises(BadInputError, match=said):
        fast(Format())(base).load_adapter(adapter)


def test_another_models_adapter_is_refused(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    adapter = make_adapter(model_folder("gpt2"), tmp_path / "adapter")
    with pytest.raises(BadInputError, match="not of this base model"):
        fast(Format())(model_folder("llama")).load_adapter(adapter)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_no_numbers_are_refused(
    model_folder: Callable[[str], Path], tmp_path: Path, value: float
) -> None:
    adapter = make_adapter(model_folder("llama"), tmp_path / "adapter")
    weights = load_file(adapter / ADAPTER_WEIGHTS)
    weights[min(weights)][0, 0] = value
    save_file(weights, adapter / ADAPTER_WEIGHTS)
    with pytest.raises(BadInputError, match="holds what is not a number"):
        fast(Format())(model_folder("llama")).load_adapter(adapter)


def test_half_an_adapter_and_a_damaged_one_are_refused(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    base = model_folder("llama")
    adapter = make_adapter(base, tmp_path / "adapter")
    weights = load_file(adapter / ADAPTER_WEIGHTS)
    del weights[min(weights)]
    save_file(weights, adapter / ADAPTER_WEIGHTS)
    with pytest.raises(BadInputError, match="one half of"):
        fast(Format())(base).load_adapter(adapter)
    (adapter / ADAPTER_WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(BadInputError, match="adapter_model.safetensors"):
        fast(Format())(base).load_adapter(adapter)
