"""Adapters beside their base models, and whatever else may lie in their place."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.adapters import change_config, make_adapter
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.contracts.reports import BaseModelFacts
from components.lm.adapters import base_named_in, is_adapter, whole_model
from components.lm.decoding.low_rank import AdapterWeights
from components.lm.decoding.shape import read_shape
from components.lm.provenance import base_sha256
from components.registry import Registry

INNER = 128


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("run") / "pretrained-model")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return make_adapter(base, tmp_path / "adapter")


def read(adapter: Path, base: Path) -> AdapterWeights:
    shape = read_shape(base)
    assert shape is not None
    return AdapterWeights(adapter, shape, INNER)


def test_a_whole_model_stays_what_it_is(base: Path) -> None:
    with whole_model(base) as folder:
        assert folder == base


def test_the_base_lies_beside_it_or_is_named(base: Path, adapter: Path) -> None:
    assert is_adapter(adapter)
    assert base_named_in(adapter) == base_sha256(base)
    with whole_model(adapter, base) as folder:
        assert {path.name for path in base.iterdir()} < {path.name for path in folder.iterdir()}
    assert not folder.exists()
    in_run = make_adapter(base, base.parent / "finetuned-model")
    with whole_model(in_run) as folder:
        assert (folder / "config.json").resolve() == (base / "config.json").resolve()


def test_the_base_of_a_version_is_found_in_its_registry(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    sha256 = base_sha256(base)
    facts = BaseModelFacts(id="made-up/tiny", revision=None, sha256=sha256)
    registry = Registry.open(str(tmp_path / "registry"))
    registry.publish_base(base, facts)

    def write(version: int, folder: Path) -> None:
        for path in adapter.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())

    registry.publish("ann", write, {}, base_model=facts)
    with whole_model(tmp_path / "registry" / "ann" / "versions" / "1") as folder:
        kept = tmp_path / "registry" / "bases" / sha256
        assert (folder / "config.json").resolve() == (kept / "config.json").resolve()
        assert not (folder / "manifest.json").exists()


def test_another_base_is_refused(adapter: Path, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other", "llama")
    with pytest.raises(BadInputError, match="other is another"), whole_model(adapter, other):
        pass


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_lies_there_as_weights_is_refused_as_bad_input(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "adapter_model.safetensors").write_bytes(data)
    with suppress(BadInputError):  # nothing else comes out
        assert base_named_in(folder) is None


NESTED = "[" * 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["lora_alpha", "use_rslora", "bias", "peft_type", "use_dora", "alpha_pattern"]),
    VALUES,
)
def test_whatever_a_configuration_says_is_read_or_refused_as_bad_input(
    base: Path, tmp_path_factory: pytest.TempPathFactory, name: str, value: Any
) -> None:
    shared = base.parent / "shared"
    made = shared if shared.exists() else make_adapter(base, shared)
    folder = tmp_path_factory.mktemp("odd")
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    change_config(folder, **{name: value})
    with suppress(BadInputError):  # nothing else comes out
        read(folder, base)


@pytest.mark.parametrize("text", ["", "[]", "3", NESTED, '{"peft_type": "LORA"}'])
def test_a_configuration_that_is_none_is_refused(base: Path, adapter: Path, text: str) -> None:
    (adapter / "adapter_config.json").write_text(text)
    with pytest.raises(BadInputError, match="adapter_config"):
        read(adapter, base)


def test_a_header_that_nests_without_end_is_refused(adapter: Path) -> None:
    data = NESTED.encode()
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(len(data).to_bytes(8, "little") + data)
    with pytest.raises(BadInputError, match="cannot read"):
        base_named_in(adapter)
    weights.write_bytes(len(json.dumps([])).to_bytes(8, "little") + b"[]")
    with pytest.raises(BadInputError, match="cannot read"):
        base_named_in(adapter)
