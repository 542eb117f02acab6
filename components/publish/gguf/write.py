"""Writing a GGUF file, a tensor at a time: a model need not fit into memory."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gguf import (
    GGML_QUANT_SIZES,
    GGML_QUANT_VERSION,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    get_tensor_name_map,
)
from gguf.quants import quant_shape_to_byte_shape, quantize
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig

from components.contracts.errors import BadInputError
from components.lm.models import check_model_folder
from components.publish.config import GgufDtype
from components.publish.gguf.architectures import ARCHITECTURES, Architecture
from components.publish.gguf.tokenizer import GgufTokenizer, read_gguf_tokenizer

KINDS = {"f16": GGMLQuantizationType.F16, "q8_0": GGMLQuantizationType.Q8_0}
FILE_TYPES = {"f16": LlamaFileType.MOSTLY_F16, "q8_0": LlamaFileType.MOSTLY_Q8_0}
POSITIONS = "position_embd.weight"
"""Stays fp32, as all that is no matrix: it is added, not multiplied."""
BUFFERS = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")
"""What older files hold beside weights: llama.cpp computes it."""


class GgufWeights(NamedTuple):
    """One tensor of the model: where it lies, and where it goes."""

    file: Path
    source: str
    """Its name in safetensors."""
    target: str
    """Its name in GGUF."""


class GgufPlan(NamedTuple):
    """All that a GGUF file is made from but the weights themselves."""

    architecture: Architecture
    tokenizer: GgufTokenizer
    weights: list[GgufWeights]


def check_gguf(folder: Path) -> GgufPlan:
    """Make sure that the model in `folder` can be written as GGUF; no weights are read.

    Raises:
        BadInputError: it cannot, with what is in the way.
    """
    architecture = _architecture(folder)
    tokenizer = read_gguf_tokenizer(folder, architecture.config.vocab_size)
    return GgufPlan(architecture, tokenizer, list(_weights(folder, architecture)))


def check_base_for_gguf(folder: Path) -> None:
    """Make sure that what is trained from the base model in `folder` can be written as GGUF.

    Its own weights may be named and its tokenizer stored otherwise than training will.

    Raises:
        BadInputError: it cannot, with what is in the way.
    """
    architecture = _architecture(folder)
    if (folder / "tokenizer.json").is_file():
        read_gguf_tokenizer(folder, architecture.config.vocab_size)


def _architecture(folder: Path) -> Architecture:
    check_model_folder(folder)
    config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
    kind = ARCHITECTURES.get(config.model_type)
    if kind is None:
        known = " or ".join(ARCHITECTURES)
        raise BadInputError(
            f"--gguf: {folder} holds a model of type {config.model_type!r}; a GGUF is made of "
            f"{known} alone, so publish without --gguf"
        )
    architecture = kind(config)
    if what := architecture.unknown():
        raise BadInputError(f"--gguf: llama.cpp does not know {what}, so publish without --gguf")
    return architecture


def write_gguf(folder: Path, target: Path, dtype: GgufDtype, *, name: str, spdx: str) -> None:
    """Write the model in `folder` as GGUF: matrices in `dtype`, all else in fp32.

    `spdx` is the name of the model's licence. In q8_0 a matrix whose rows are no multiple of 32
    weights long is written in f16.

    Raises:
        BadInputError: it cannot be written so.
    """
    plan = check_gguf(folder)
    with closing(GGUFWriter(target, plan.architecture.name)) as writer:
        writer.add_type("model")
        writer.add_name(name)
        writer.add_license(spdx)
        writer.add_file_type(FILE_TYPES[dtype])
        writer.add_quantization_version(GGML_QUANT_VERSION)
        plan.architecture.describe(writer)
        plan.tokenizer.describe(writer)
        _write_weights(writer, plan, KINDS[dtype])


def _write_weights(writer: GGUFWriter, plan: GgufPlan, kind: GGMLQuantizationType) -> None:
    """First what there is of each tensor, for the file's head; then the tensors, one by one."""
    computed = dict(plan.architecture.computed())
    with ExitStack() as opened:
        files = {
            file: opened.enter_context(safe_open(file, framework="pt"))
            for file in {one.file for one in plan.weights}
        }
        kinds = []
        for one in plan.weights:
            shape = files[one.file].get_slice(one.source).get_shape()
            shape = plan.architecture.laid_out(
                one.source, np.broadcast_to(np.float32(), shape)
            ).shape
            kinds.append(_kind_of(one.target, shape, kind))
            _announce(writer, one.target, shape, kinds[-1])
        for target, array in computed.items():
            _announce(writer, target, array.shape, GGMLQuantizationType.F32)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for one, its_kind in zip(plan.weights, kinds, strict=True):
            array = files[one.file].get_tensor(one.source).float().numpy()
            array = np.ascontiguousarray(plan.architecture.laid_out(one.source, array))
            writer.write_tensor_data(quantize(array, its_kind))
        for array in computed.values():
            writer.write_tensor_data(array)


def _announce(
    writer: GGUFWriter, name: str, shape: tuple[int, ...], kind: GGMLQuantizationType
) -> None:
    size = int(np.prod(quant_shape_to_byte_shape(shape, kind)))
    writer.add_tensor_info(name, shape, np.dtype(np.float32), size, raw_dtype=kind)


def _kind_of(name: str, shape: tuple[int, ...], kind: GGMLQuantizationType) -> GGMLQuantizationType:
    if len(shape) < 2 or name == POSITIONS:
        return GGMLQuantizationType.F32
    fits = shape[-1] % GGML_QUANT_SIZES[kind][0] == 0
    return kind if fits else GGMLQuantizationType.F16


def _weights(folder: Path, architecture: Architecture) -> Iterator[GgufWeights]:
    """Every tensor that goes into the file; an output that is the embedding again goes once."""
    config = architecture.config
    names = get_tensor_name_map(architecture.kind, config.num_hidden_layers)
    for file in sorted(folder.glob("*.safetensors")):
        for source in _names_in(file):
            is_again = source == "lm_head.weight" and config.tie_word_embeddings
            if is_again or source.endswith(BUFFERS):
                continue
            target = names.get_name(source, try_suffixes=(".weight", ".bias"))
            if target is None:
                raise BadInputError(
                    f"--gguf: llama.cpp has no place for {source} in {file}, so publish "
                    "without --gguf"
                )
            yield GgufWeights(file, source, target)


def _names_in(file: Path) -> list[str]:
    try:
        with safe_open(file, framework="pt") as opened:
            return list(opened.keys())
    except SafetensorError as error:
        raise BadInputError(f"cannot read {file}: {error}") from error
