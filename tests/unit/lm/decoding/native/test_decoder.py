"""The decoder in C as the engine uses it."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from support.decoders import (
    FIRST,
    SECOND,
    check_rows_move_and_share_a_prompt,
    check_rows_of_their_own_length,
)
from support.native_kernels import LEVELS_HERE
from support.tiny_models import make_tiny_model
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from components.contracts.errors import BadInputError
from components.lm.decoding.fast import FastDecoder
from components.lm.decoding.load import load_decoder
from components.lm.decoding.native.decoder import NativeDecoder
from components.lm.decoding.native.library import LEVEL_VARIABLE
from components.lm.decoding.protocol import Chunk
from components.lm.decoding.shape import read_shape
from components.lm.formats import INT8, Format

CPU = torch.device("cpu")
NEAR = 0.05
"""What rounding costs, of logits around 1; an error of the structure costs more than 0.5."""


@pytest.fixture(params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, model_folder: Callable[[str], Path]) -> Path:
    return model_folder(request.param)


def native(folder: Path) -> NativeDecoder:
    shape = read_shape(folder)
    assert shape is not None
    return NativeDecoder(folder, shape)


@pytest.mark.parametrize("level", LEVELS_HERE)
def test_logits_are_near_those_of_transformers(
    folder: Path, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEVEL_VARIABLE, level)
    check_rows_of_their_own_length(native(folder), folder, NEAR)


@pytest.mark.parametrize(
    "changes",
    [
        {"attention_bias": True, "mlp_bias": True},
        {"tie_word_embeddings": False, "head_dim": 16, "vocab_size": 401},
        {"num_attention_heads": 6, "num_key_value_heads": 1, "hidden_size": 48, "head_dim": 32},
        {"num_key_value_heads": 4, "rope_theta": 500.0, "intermediate_size": 70},
    ],
)
def test_variants_of_llama(tmp_path: Path, changes: dict[str, Any]) -> None:
    config: dict[str, Any] = {
        "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "tie_word_embeddings": True, "initializer_range": 0.05,
    }  # fmt: skip
    folder = make_tiny_model(tmp_path / "model", "llama")
    model = LlamaForCausalLM(LlamaConfig(**{**config, **changes}))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(std=0.1)
    model.save_pretrained(folder)
    check_rows_of_their_own_length(native(folder), folder, NEAR)


def test_rows_move_and_share_a_prompt(folder: Path) -> None:
    check_rows_move_and_share_a_prompt(native(folder), folder, NEAR)


def test_a_row_is_the_same_to_the_bit_alone_in_a_batch_and_in_pieces(folder: Path) -> None:
    decoder = native(folder)
    decoder.resize(7, 32)
    (alone,) = decoder.step([], [], [Chunk(0, FIRST)])
    (pieces,) = [decoder.step([], [], [Chunk(at, [one])])[0] for at, one in enumerate(FIRST)][-1:]
    crowd = decoder.step([], [], [Chunk(0, SECOND)] * 6 + [Chunk(0, FIRST)])
    assert torch.equal(alone, pieces)
    assert torch.equal(alone, crowd[-1])


def read(decoder: NativeDecoder, threads: int) -> Tensor:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return decoder.step([], [], [Chunk(0, FIRST, all_logits=True)])
    finally:
        torch.set_num_threads(before)


def test_any_number_of_threads_gives_the_same(folder: Path) -> None:
    decoder = native(folder)
    decoder.resize(1, 8)
    alone = read(decoder, 1)
    assert all(torch.equal(read(decoder, threads), alone) for threads in (2, 3, 2, 7, 1))


def test_models_write_at_the_same_time(folder: Path) -> None:
    decoders = [native(folder) for _ in range(4)]
    for decoder in decoders:
        decoder.resize(1, 8)
    expected = read(decoders[0], 2)

    def several(decoder: NativeDecoder) -> Sequence[Tensor]:
        return [decoder.step([], [], [Chunk(0, FIRST, all_logits=True)]) for _ in range(30)]

    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(several, decoders):
            assert all(torch.equal(result, expected) for result in results)


def _in_a_child(decoder: NativeDecoder, sent: Any) -> None:
    sent.send(read(decoder, 2).tolist())


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_writes_too(folder: Path) -> None:
    decoder = native(folder)
    decoder.resize(1, 8)
    expected = read(decoder, 2)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_in_a_child, args=(decoder, theirs))
    child.start()
    assert ours.poll(30), "the child hangs"
    assert ours.recv() == expected.tolist()
    child.join()


@pytest.mark.parametrize(
    ("tokens", "positions"), [([400], [0]), ([-1], [0]), ([1], [8]), ([1], [-1]), ([1, 1], [0, 0])]
)
def test_what_lies_outside_of_its_memory_is_refused(
    folder: Path, tokens: list[int], positions: list[int]
) -> None:
    decoder = native(folder)
    decoder.resize(1, 8)
    with pytest.raises(IndexError, match="not from 0 to"):
        decoder.step([10**6 if token == 400 else token for token in tokens], positions)


def test_a_step_of_nothing_gives_nothing(folder: Path) -> None:
    assert native(folder).step([], []).shape[0] == 0


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "gpt2")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(BadInputError, match="model.safetensors"):
        native(folder)


@pytest.mark.skipif(len(LEVELS_HERE) == 1, reason="this processor lacks AVX2")
def test_int8_is_written_by_it_unless_instructions_are_capped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(load_decoder(folder, INT8, CPU), NativeDecoder)
    assert isinstance(load_decoder(folder, Format("bf16"), CPU), FastDecoder)
    assert isinstance(load_decoder(folder, Format(), CPU), FastDecoder)
    monkeypatch.setenv(LEVEL_VARIABLE, "plain")
    assert isinstance(load_decoder(folder, INT8, CPU), FastDecoder)


def test_its_weights_take_less_than_torchs(folder: Path) -> None:
    plain = FastDecoder(folder, read_shape(folder), Format("bf16", 2), CPU)  # type: ignore[arg-type]
    assert native(folder).position_bytes == plain.position_bytes
