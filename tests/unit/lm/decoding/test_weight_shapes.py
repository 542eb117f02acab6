import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import safe_open
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from components.lm.decoding.shape import Shape, read_shape
from components.lm.decoding.weight_shapes import ARCHITECTURES, count_weights

Shapes = dict[str, tuple[int, ...]]


@pytest.fixture(params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, model_folder: Callable[[str], Path]) -> Path:
    return model_folder(request.param)


def known(folder: Path) -> Shape:
    shape = read_shape(folder)
    assert shape is not None
    return shape


def weights(folder: Path) -> Shapes:
    with safe_open(folder / "model.safetensors", framework="np") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}


def size_and_class(folder: Path) -> tuple[int, str]:
    model = AutoModelForCausalLM.from_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters()), type(model).__name__


def llama(folder: Path, **changes: object) -> Path:
    """A tiny Llama in `folder`, of an unusual shape."""
    settings = {
        "vocab_size": 40,
        "hidden_size": 24,
        "intermediate_size": 36,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "num_key_value_heads": 1,
        "max_position_embeddings": 16,
    }
    LlamaForCausalLM(LlamaConfig(**settings, **changes)).save_pretrained(folder)
    return folder


def test_weights_are_counted_and_classes_named_as_transformers_does(folder: Path) -> None:
    shape = known(folder)
    counted = count_weights(shape, weights(folder))
    assert (counted, ARCHITECTURES[shape.family]) == size_and_class(folder)


@pytest.mark.parametrize("changes", [{"tie_word_embeddings": False}, {"head_dim": 10}])
def test_a_head_of_its_own_and_wide_heads_count(tmp_path: Path, changes: dict[str, object]) -> None:
    place = llama(tmp_path, **changes)
    assert count_weights(known(place), weights(place)) == size_and_class(place)[0]


def test_names_may_lack_the_prefix_and_more_may_lie_there(folder: Path) -> None:
    found = weights(folder)
    bare = {name.removeprefix("transformer.").removeprefix("model."): found[name] for name in found}
    head = {"lm_head.weight": (1, 1), "h.0.attn.masked": (1, 1, 8, 8)}
    assert count_weights(known(folder), bare | head) == count_weights(known(folder), found)


def test_what_is_missing_or_of_another_shape_is_not_counted(folder: Path) -> None:
    shape, found = known(folder), weights(folder)
    for name, size in found.items():
        others = {other: found[other] for other in found if other != name}
        assert count_weights(shape, others) is None
        assert count_weights(shape, others | {name: (*size, 2)}) is None
    assert count_weights(shape, {}) is None


def test_a_llama_with_biases_is_left_to_transformers(tmp_path: Path) -> None:
    place = llama(tmp_path, attention_bias=True)
    assert count_weights(known(place), weights(place)) is None


@pytest.mark.parametrize(
    ("family", "wrong"),
    [
        ("gpt2", {"n_head": 0}),
        ("gpt2", {"n_head": 3}),
        ("gpt2", {"n_layer": 2.0}),
        ("gpt2", {"n_layer": True}),
        ("gpt2", {"n_positions": "128"}),
        ("gpt2", {"vocab_size": -1}),
        ("llama", {"num_attention_heads": 0}),
        ("llama", {"num_key_value_heads": 3}),
        ("llama", {"num_attention_heads": 5, "num_key_value_heads": 5, "head_dim": None}),
        ("llama", {"head_dim": -8}),
    ],
)
def test_numbers_that_make_no_model_are_no_shape(
    tmp_path: Path, model_folder: Callable[[str], Path], family: str, wrong: dict[str, object]
) -> None:
    config = json.loads((model_folder(family) / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | wrong))
    assert read_shape(tmp_path) is None
