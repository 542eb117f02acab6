"""Text to token ids and back, read straight from tokenizer.json: loads in a tenth of a second."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from components.contracts.errors import BadInputError
from components.lm.ends import start_and_end

PLAIN_CLASSES = frozenset(
    {"TokenizersBackend", "PreTrainedTokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast"}
)
"""transformers' classes that read tokenizer.json as it is."""


@dataclass(frozen=True)
class Codec:
    """A tokenizer; it reads and writes as `LanguageModel.encode` and `.decode` do."""

    tokenizer: Tokenizer
    start_token_id: int
    """What stands before every post."""
    end_token_id: int
    """What ends every post."""

    def encode(self, text: str) -> list[int]:
        """The token ids of `text`; what looks like a special token is read letter by letter."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these token ids, special tokens left out."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    @property
    def vocabulary(self) -> int:
        """How many ids there are, the added tokens among them."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))


def load_codec(folder: Path) -> Codec:
    """The tokenizer of the model in `folder`.

    Raises:
        BadInputError: it cannot be read, or names no token that begins or ends a text.
    """
    settings = _read_settings(folder)
    file = folder / "tokenizer.json"
    plain = settings.get("tokenizer_class") in PLAIN_CLASSES and "eos_token" in settings
    if not (plain and file.is_file()):
        return _through_transformers(folder)
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise BadInputError(f"cannot read {file}: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    bos, eos = (_id_of(tokenizer, settings.get(name)) for name in ("bos_token", "eos_token"))
    return _codec(tokenizer, bos, eos)


def _through_transformers(folder: Path) -> Codec:
    """For tokenizers that transformers alone knows how to put together."""
    from transformers import AutoTokenizer

    try:
        whole: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever the libraries make of broken files
        raise BadInputError(f"cannot load the tokenizer in {folder}: {error}") from error
    return _codec(whole.backend_tokenizer, whole.bos_token_id, whole.eos_token_id)


def _codec(tokenizer: Tokenizer, bos: int | None, eos: int | None) -> Codec:
    tokenizer.encode_special_tokens = True
    start, end = start_and_end(tokenizer.token_to_id, bos, eos)
    return Codec(tokenizer, start, end)


def _read_settings(folder: Path) -> dict[str, Any]:
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _id_of(tokenizer: Tokenizer, token: Any) -> int | None:
    """The id of a token named as text or as `{"content": text, …}`."""
    name = token.get("content") if isinstance(token, dict) else token
    found = tokenizer.token_to_id(name) if isinstance(name, str) else None
    return None if found is None else int(found)
