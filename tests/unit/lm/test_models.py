import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel, load_model


@pytest.fixture
def copy(tmp_path: Path, model_folder: Callable[[str], Path]) -> Path:
    return Path(shutil.copytree(model_folder("gpt2"), tmp_path / "model"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text())
def test_any_text_round_trips(lm: LanguageModel, text: str) -> None:
    assert lm.decode(lm.encode([text])[0]) == text


def test_text_that_looks_like_a_special_token_does_not_become_one(lm: LanguageModel) -> None:
    text = lm.tokenizer.eos_token
    ids = lm.encode([text])[0]
    assert lm.end_token_id not in ids
    assert lm.decode(ids) == text


def test_posts_begin_and_end_with_the_tokens_of_their_family(lm: LanguageModel) -> None:
    tokens = lm.tokenizer.convert_ids_to_tokens([lm.start_token_id, lm.end_token_id])
    assert tokens in (["<|endoftext|>", "<|endoftext|>"], ["<s>", "</s>"])


def test_it_loads_in_the_format_asked_for(model_folder: Callable[[str], Path]) -> None:
    assert load_model(model_folder("llama"), dtype="bf16").model.dtype == torch.bfloat16


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(BadInputError, match=file.replace("model.", r"\*.")):
        load_model(copy)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nowhere is not a folder"):
        load_model(tmp_path / "nowhere")


def test_pickled_weights_are_never_read(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(BadInputError, match="pickled"):
        load_model(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 64])
def test_damaged_weights_are_refused(copy: Path, content: bytes) -> None:
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(BadInputError, match="cannot load the model"):
        load_model(copy)


def test_truncated_weights_are_refused(copy: Path) -> None:
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match="cannot load the model"):
        load_model(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "bert"}, "'bert' that reads texts in both directions"),
        ({"model_type": "bert", "is_decoder": True}, "lacks weights"),
        (
            {"model_type": "xlnet", "summary_activation": "tanh"},
            "'xlnet' that reads texts in both directions",
        ),
        ({"model_type": "gemma3_text", "use_bidirectional_attention": True}, "both directions"),
        ({"model_type": "mamba"}, "'mamba' without attention"),
        ({"model_type": "dots3_note"}, "'dots3_note' whose parts differ"),
        ({"quantization_config": {"quant_method": "gptq"}}, "gptq quantized, which cannot be"),
        ({"model_type": "t5"}, "'t5', which is not a causal language model"),
        ({"model_type": "unheard-of"}, "cannot read"),
        ({"n_layer": 3}, "lacks weights"),
        ({"n_embd": 64}, "cannot load the model"),
    ],
)
def test_another_configuration_is_refused(
    copy: Path, change: dict[str, object], message: str
) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(BadInputError, match=message):
        load_model(copy)


def test_a_configuration_that_is_no_json_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text("{")
    with pytest.raises(BadInputError, match="config.json"):
        load_model(copy)
