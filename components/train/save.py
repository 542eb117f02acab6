"""The finetuned model as a folder that plain transformers loads."""

from pathlib import Path
from typing import Any

from transformers import GenerationConfig

from components.lm.models import UNBOUNDED, LanguageModel, quiet_transformers
from components.lm.portable import make_portable

LONGEST_POST = 60


def save_model(lm: LanguageModel, model: Any, folder: Path) -> None:
    """Write `model` (plain, fp32) with the tokenizer of `lm` and how to sample from it.

    The weights stay fp32: rounding them to bf16 would lose small changes, and a processor without
    bf16 instructions would run them slowly.
    """
    model.config.use_cache = True
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        temperature=1.0,
        top_p=0.95,
        top_k=0,
        max_new_tokens=LONGEST_POST,
        bos_token_id=lm.start_token_id,
        eos_token_id=sorted({lm.end_token_id, lm.start_token_id}),
        pad_token_id=lm.end_token_id,
    )
    with quiet_transformers():
        model.save_pretrained(folder)
        _for_posts(lm).save_pretrained(folder)
    make_portable(folder)


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
