"""The token that a model's posts start after, read from its files without loading it."""

import json
from pathlib import Path
from typing import Any

from components.contracts.errors import BadInputError

DOCUMENT_TOKEN = "<|endoftext|>"  # noqa: S105 - a token of a vocabulary, not a secret


def start_token(model: Path) -> str:
    """`<|endoftext|>` where the vocabulary has it, else the token that begins or ends a text.

    The rule is that of `lm.models.start_and_end`, which needs the loaded tokenizer.

    Raises:
        BadInputError: the folder has no tokenizer, or it names no such token.
    """
    added = _read(model / "tokenizer.json").get("added_tokens", [])
    if any(token["content"] == DOCUMENT_TOKEN for token in added):
        return DOCUMENT_TOKEN
    settings = _read(model / "tokenizer_config.json")
    for name in ("bos_token", "eos_token"):
        token = settings.get(name)
        if token:
            return str(token["content"] if isinstance(token, dict) else token)
    raise BadInputError(f"the tokenizer in {model} has no token that begins or ends a text")


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path}: the model has no usable tokenizer") from error
    return content
