"""The finetuned model as a folder that plain transformers, or peft, loads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor
from transformers import GenerationConfig

from components.contracts.artifacts import ADAPTER_WEIGHTS
from components.contracts.reports import BaseModelFacts
from components.lm.adapters import BASE_SHA256
from components.lm.models import UNBOUNDED, LanguageModel, quiet_transformers
from components.lm.portable import make_portable

LONGEST_POST = 60


def save_model(lm: LanguageModel, model: Any, folder: Path) -> None:
    """Write `model` (plain, fp32) with the tokenizer of `lm` and how to sample from it.

    The weights stay fp32: rounding them to bf16 would lose small changes, and a processor without
    bf16 instructions would run them slowly.
    """
    model.config.use_cache = True
    model.generation_config = _sampling(lm)
    with quiet_transformers():
        model.save_pretrained(folder)
        _for_posts(lm).save_pretrained(folder)
    make_portable(folder)


def save_adapter(
    lm: LanguageModel,
    adapters: tuple[Any, Mapping[str, Tensor]],
    base: BaseModelFacts,
    folder: Path,
) -> None:
    """Write what `adapters_of` gave as peft does, with the base model's digest in its metadata.

    The weights are bf16: what they add to the base is small, and so is what rounding takes of it.
    """
    config, weights = adapters
    config.base_model_name_or_path, config.revision = base.id, base.revision
    config.target_modules = sorted(config.target_modules)  # a set has another order each time
    config.inference_mode = True
    config.save_pretrained(folder)
    rounded = {name: weight.bfloat16().contiguous() for name, weight in weights.items()}
    save_file(rounded, folder / ADAPTER_WEIGHTS, {BASE_SHA256: base.sha256})
    _sampling(lm).save_pretrained(folder)


def _sampling(lm: LanguageModel) -> GenerationConfig:
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        temperature=1.0,
        top_p=0.95,
        top_k=0,
        max_new_tokens=LONGEST_POST,
        bos_token_id=lm.start_token_id,
        eos_token_id=sorted({lm.end_token_id, lm.start_token_id}),
        pad_token_id=lm.end_token_id,
    )


def _for_posts(lm: LanguageModel) -> Any:
    """The tokenizer that puts the start token before a text, as training did, and knows no chat."""
    tokenizer = lm.tokenizer
    start, end = tokenizer.convert_ids_to_tokens([lm.start_token_id, lm.end_token_id])
    tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token = start, end, end
    tokenizer.chat_template = None
    tokenizer.clean_up_tokenization_spaces = False
    tokenizer.padding_side = tokenizer.init_kwargs["padding_side"] = "left"  # which alone is saved
    tokenizer.add_bos_token = True
    if lm.max_positions < UNBOUNDED:
        tokenizer.model_max_length = lm.max_positions
    return tokenizer
