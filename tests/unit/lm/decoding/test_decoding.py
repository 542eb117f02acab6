import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.decoders import (
    FIRST,
    check_rows_move_and_share_a_prompt,
    check_rows_of_their_own_length,
    truth,
)
from support.tiny_models import make_tiny_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig
from transformers.models.mistral import MistralForCausalLM

from components.contracts.errors import BadInputError
from components.lm.decoding.fast import FastDecoder
from components.lm.decoding.load import load_decoder
from components.lm.decoding.protocol import Chunk
from components.lm.decoding.transformers_decoder import TransformersDecoder
from components.lm.formats import EVERY_ROW, Format

CPU = torch.device("cpu")
EXACT = 1e-5


@pytest.fixture(params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, model_folder: Callable[[str], Path]) -> Path:
    return model_folder(request.param)


def test_logits_are_those_of_transformers(folder: Path) -> None:
    decoder = load_decoder(folder, Format(), CPU)
    assert isinstance(decoder, FastDecoder)
    check_rows_of_their_own_length(decoder, folder, EXACT)


@pytest.mark.parametrize(
    "weight_dtype", [Format("bf16"), Format("fp32", EVERY_ROW), Format("bf16", 2)]
)
def test_small_formats_are_near(folder: Path, weight_dtype: Format) -> None:
    check_rows_of_their_own_length(load_decoder(folder, weight_dtype, CPU), folder, 0.02)


def test_bf16_is_computed_without_the_instructions_for_it_too(
    model_folder: Callable[[str], Path],
) -> None:
    code = """
import sys
from pathlib import Path
import torch
from support.decoders import check_rows_of_their_own_length
from components.lm.decoding.load import load_decoder
from components.lm.formats import Format
for folder in map(Path, sys.argv[1:]):
    decoder = load_decoder(folder, Format("bf16"), torch.device("cpu"))
    check_rows_of_their_own_length(decoder, folder, 0.02)
"""
    paths = (*sys.path, str(Path(__file__).parents[3]))
    limits = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    environment = {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(paths)}
    folders = [model_folder(family) for family in ("gpt2", "llama")]
    subprocess.run([sys.executable, "-c", code, *folders], env=environment, check=True)


def test_rows_move_and_share_a_prompt(folder: Path) -> None:
    check_rows_move_and_share_a_prompt(load_decoder(folder, Format(), CPU), folder, EXACT)


def test_other_families_are_computed_by_transformers(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "llama")
    config = MistralConfig(
        vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, sliding_window=None,
    )  # fmt: skip
    MistralForCausalLM(config).save_pretrained(folder)
    decoder = load_decoder(folder, Format(), CPU)
    assert isinstance(decoder, TransformersDecoder)
    check_rows_of_their_own_length(decoder, folder, EXACT)
    decoder.resize(4, 16)
    decoder.step([], [], [Chunk(0, FIRST)])
    saved = decoder.save(0, len(FIRST))
    decoder.load(1, 3, saved)
    decoder.move(2, 0, len(FIRST))
    for logits, token in zip(decoder.step([9, 8], [5] * 2), (9, 8), strict=True):
        assert torch.allclose(logits, truth(folder, [*FIRST, token])[-1], atol=EXACT)


@pytest.mark.parametrize(
    "changes",
    [
        {"attention_bias": True, "mlp_bias": True},
        {"tie_word_embeddings": False, "head_dim": 16},
        {"num_key_value_heads": 4, "rope_theta": 500.0},
        {"rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    ],
)
def test_variants_of_llama(tmp_path: Path, changes: dict[str, Any]) -> None:
    config: dict[str, Any] = {
        "vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
        "tie_word_embeddings": True, "initializer_range": 0.3,
    }  # fmt: skip
    folder = make_tiny_model(tmp_path / "model", "llama")
    model = LlamaForCausalLM(LlamaConfig(**{**config, **changes}))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_()
    model.save_pretrained(folder)
    check_rows_of_their_own_length(load_decoder(folder, Format(), CPU), folder, 1e-4)


def test_old_files_of_gpt2_name_their_weights_without_the_prefix(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "gpt2")
    weights = folder / "model.safetensors"
    renamed = {
        name.removeprefix("transformer."): tensor for name, tensor in load_file(weights).items()
    }
    save_file(renamed, weights, {"format": "pt"})
    check_rows_of_their_own_length(load_decoder(folder, Format(), CPU), folder, EXACT)


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "llama")
    weights = folder / "model.safetensors"
    kept = {name: tensor for name, tensor in load_file(weights).items() if "1.mlp" not in name}
    save_file(kept, weights, {"format": "pt"})
    with pytest.raises(BadInputError, match="layers.1.mlp.gate_proj"):
        load_decoder(folder, Format(), CPU)


def test_damage_is_named(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "gpt2")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(BadInputError, match="model.safetensors"):
        load_decoder(folder, Format(), CPU)
    (folder / "config.json").write_text("{")
    with pytest.raises(BadInputError, match="config.json"):
        load_decoder(folder, Format(), CPU)


def test_what_the_file_calls_bf16_is_read_as_fp32(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "llama")
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config))
    check_rows_of_their_own_length(load_decoder(folder, Format(), CPU), folder, EXACT)
