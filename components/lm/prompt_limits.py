"""Whether what is to be written fits a model, found out without reading its weights."""

from collections.abc import Iterable
from pathlib import Path

from transformers import AutoConfig

from components.contracts.errors import BadInputError
from components.lm.engine.protocol import fits_context
from components.lm.models import check_model_folder, max_positions
from components.lm.tokenizer import load_tokenizer


def check_prompts(folder: Path, prompts: Iterable[str], max_tokens: int) -> None:
    """Make sure that the model in `folder` can continue each prompt by `max_tokens` tokens.

    Raises:
        BadInputError: one is too long; or `folder` holds no causal language model.
    """
    check_model_folder(folder)
    longest = max_positions(AutoConfig.from_pretrained(folder, local_files_only=True))
    tokenizer = load_tokenizer(folder)
    for prompt in prompts:
        tokens = 1 + len(tokenizer.encode(prompt)) + max_tokens
        if not fits_context(tokens, longest):
            raise BadInputError(
                f"--max-tokens {max_tokens} after the prompt {prompt[:40]!r} makes {tokens} "
                f"tokens, longer than the model's context length of {longest} tokens; ask for fewer"
            )
