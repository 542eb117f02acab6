import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel, load_model
from components.lm.tokenizer import Tokenizer, load_tokenizer


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tokenizer, LanguageModel]:
    folder = make_tiny_model(tmp_path_factory.mktemp("tokenizer") / "model", request.param)
    return load_tokenizer(folder), load_model(folder)


def test_it_knows_the_same_start_and_end(both: tuple[Tokenizer, LanguageModel]) -> None:
    tokenizer, lm = both
    assert tokenizer.start_token_id == lm.start_token_id
    assert tokenizer.end_token_id == lm.end_token_id


@given(text=st.text() | st.sampled_from(["", "a<|endoftext|>b", "</s><s>", " the kettle 🚲"]))
def test_it_reads_and_writes_as_transformers_does(
    both: tuple[Tokenizer, LanguageModel], text: str
) -> None:
    tokenizer, lm = both
    ids = tokenizer.encode(text)
    assert ids == lm.encode([text])[0]
    with_ends = [tokenizer.start_token_id, *ids, tokenizer.end_token_id]
    assert tokenizer.decode(with_ends) == lm.decode(with_ends) == text


def test_a_tokenizer_that_names_no_end_is_read_through_transformers(
    model_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = make_tiny_model(tmp_path / "model", "gpt2")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    tokenizer, lm = load_tokenizer(folder), load_model(folder)
    assert (tokenizer.start_token_id, tokenizer.end_token_id) == (
        lm.start_token_id,
        lm.end_token_id,
    )
    assert tokenizer.encode("soup on the stove") == lm.encode(["soup on the stove"])[0]


def test_what_tokenizer_json_says_holds_whatever_the_class(tmp_path: Path) -> None:
    """transformers' GPT-2 class forgets that digits stand alone, as SmolLM2's do."""
    folder = make_tiny_model(tmp_path / "model", "llama")
    file = folder / "tokenizer.json"
    pipeline = json.loads(file.read_text())
    digits = {"type": "Digits", "individual_digits": True}
    steps = [digits, pipeline["pre_tokenizer"]]
    pipeline["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": steps}
    pipeline["model"]["vocab"]["12"] = len(pipeline["model"]["vocab"])
    pipeline["model"]["merges"].append(["1", "2"])
    file.write_text(json.dumps(pipeline))
    settings = folder / "tokenizer_config.json"
    said = json.loads(settings.read_text()) | {"tokenizer_class": "GPT2Tokenizer"}
    settings.write_text(json.dumps(said))
    tokenizer, lm = load_tokenizer(folder), load_model(folder)
    assert len(tokenizer.encode("12")) == 2
    assert lm.encode(["at 12"]) == [tokenizer.encode("at 12")]


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "gpt2")
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(BadInputError, match="tokenizer.json"):
        load_tokenizer(folder)
