"""Whether what is to be written fits a model, found out without reading its weights."""

from collections.abc import Iterable
from pathlib import Path

from transformers import AutoConfig

from components.contracts.errors import BadInputError
from components.lm.codec import load_codec
from components.lm.models import check_model_folder, max_positions


def check_prompts(folder: Path, prompts: Iterable[str], max_tokens: int) -> None:
    """Make sure that the model in `folder` can continue each prompt by `max_tokens` tokens.

    Raises:
        BadInputError: one is too long; or `folder` holds no causal language model.
    """
    check_model_folder(folder)
    longest = max_positions(AutoConfig.from_pretrained(folder, local_files_only=True))
    codec = load_codec(folder)
    for prompt in prompts:
        tokens = 1 + len(codec.encode(prompt)) + max_tokens
        if tokens - 1 > longest:  # the last token is not looked at
            raise BadInputError(
                f"--max-tokens {max_tokens} after the prompt {prompt[:40]!r} makes {tokens} "
                f"tokens, more than the {longest} that the model can look at; ask for fewer"
            )
