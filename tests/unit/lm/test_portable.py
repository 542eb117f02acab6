import json
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from support.environment import python_beside
from support.plain_transformers import Reading, read_with
from support.tiny_models import POSITIONS, make_tiny_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3TextConfig,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedConfig,
)

from components.contracts.errors import BadInputError
from components.lm.models import load_model
from components.lm.portable import make_portable

TEXTS = ["the kettle sings", "rain on the roof, soup on the stove, and my bicycle", "🚲"]
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.5,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
FAR = {"rope_type": "default", "rope_theta": 100_000.0}
CONFIGS = {
    "far": lambda size: LlamaConfig(vocab_size=size, rope_parameters=FAR, **SIZES),
    "llama3": lambda size: LlamaConfig(vocab_size=size, rope_parameters=LLAMA3, **SIZES),
    "linear": lambda size: LlamaConfig(
        vocab_size=size,
        rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0},
        **SIZES,
    ),
    "neox": lambda size: GPTNeoXConfig(
        vocab_size=size,
        rope_parameters={"rope_theta": 300.0, "partial_rotary_factor": 0.5},
        **SIZES,
    ),
    "layers": lambda size: Gemma3TextConfig(
        vocab_size=size,
        head_dim=16,
        num_key_value_heads=2,
        sliding_window=8,
        layer_types=["full_attention", "sliding_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 70.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 30.0},
        },
        **SIZES,
    ),
}


def make_model(folder: Path, config: PreTrainedConfig) -> Path:
    """A model of this configuration with random weights and a tokenizer of any text."""
    make_tiny_model(folder, "llama")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def with_special_tokens(folder: Path) -> Path:
    """In transformers 4 `extra_special_tokens` has names; a list there is an error."""
    tokenizer = AutoTokenizer.from_pretrained(make_tiny_model(folder, "llama"))
    tokenizer.add_special_tokens({"extra_special_tokens": ["q", "z"]})
    tokenizer.save_pretrained(folder)
    return folder


def with_a_space_first(folder: Path) -> Path:
    """transformers 4 turns it off unless the settings say so, too."""
    file = make_tiny_model(folder) / "tokenizer.json"
    pipeline = json.loads(file.read_text())
    pipeline["pre_tokenizer"]["add_prefix_space"] = True
    file.write_text(json.dumps(pipeline))
    return folder


MADE: dict[str, Callable[[Path], Path]] = {
    "gpt2": make_tiny_model,
    "llama": partial(make_tiny_model, family="llama"),
    "special tokens": with_special_tokens,
    "space first": with_a_space_first,
    **{
        name: lambda folder, config=config: make_model(folder, config(400))
        for name, config in CONFIGS.items()
    },
}


class Readings(NamedTuple):
    """What is read in one model."""

    before: Reading
    """By 5, in the folder as 5 wrote it."""
    five: Reading
    four: Reading


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Readings]:
    root = tmp_path_factory.mktemp("portable")
    before = [make(root / "before" / name) for name, make in MADE.items()]
    after = [shutil.copytree(folder, root / "after" / folder.name) for folder in before]
    for folder in after:
        make_portable(folder)
    five = read_with(sys.executable, [*before, *after], TEXTS)
    four = read_with(python_beside("transformers_4"), after, TEXTS)
    triples = zip(five[: len(after)], five[len(after) :], four, strict=True)
    return {name: Readings(*three) for name, three in zip(MADE, triples, strict=True)}


def settings_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "tokenizer_config.json").read_text()))


@pytest.mark.transformers_4
@pytest.mark.parametrize("name", MADE)
def test_transformers_4_reads_it_as_5_does(name: str, readings: Mapping[str, Readings]) -> None:
    before, five, four = readings[name]
    assert five == before
    assert four.version.startswith("4.57.")
    assert four.nats == pytest.approx(before.nats, rel=1e-5)
    assert four._replace(nats=before.nats, version=before.version) == before


def test_special_tokens_stay_special(tmp_path: Path) -> None:
    folder = with_special_tokens(tmp_path / "model")
    make_portable(folder)
    assert settings_of(folder)["additional_special_tokens"] == ["q", "z"]
    assert AutoTokenizer.from_pretrained(folder).extra_special_tokens == ["q", "z"]


def test_nothing_says_how_the_tokenizer_was_loaded_here(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    load_model(folder).tokenizer.save_pretrained(folder)
    assert {"is_local", "local_files_only"} <= settings_of(folder).keys(), "nothing to take out"
    make_portable(folder)
    assert not {"is_local", "local_files_only"} & settings_of(folder).keys()


def test_twice_is_as_once(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", CONFIGS["llama3"](400))
    make_portable(folder)
    once = {path.name: path.read_bytes() for path in folder.iterdir()}
    make_portable(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == once


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", ["{", "[1]", "\ud800"])
def test_a_damaged_file_is_named(name: str, text: str, tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    (folder / name).write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(BadInputError, match=name):
        make_portable(folder)
