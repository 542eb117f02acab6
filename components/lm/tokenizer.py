"""Text to token ids and back, read straight from tokenizer.json: loads in a tenth of a second."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as Backend

from components.contracts.errors import BadInputError
from components.lm.special_tokens import start_and_end

PLAIN_CLASSES = frozenset(
    {"TokenizersBackend", "PreTrainedTokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast"}
)
"""transformers' classes that read tokenizer.json as it is."""


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer; it reads and writes as `LanguageModel.encode` and `.decode` do."""

    backend: Backend
    start_token_id: int
    """What stands before every post."""
    end_token_id: int
    """What ends every post."""

    def encode(self, text: str) -> list[int]:
        """The token ids of `text`; what looks like a special token is read letter by letter."""
        ids: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return ids

    def post(self, text: str) -> list[int]:
        """The token ids of a whole post: what begins it, `text`, what ends it."""
        return [self.start_token_id, *self.encode(text), self.end_token_id]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these token ids, special tokens left out."""
        text: str = self.backend.decode(list(ids), skip_special_tokens=True)
        return text

    @property
    def vocabulary(self) -> int:
        """How many ids there are, the added tokens among them."""
        return int(self.backend.get_vocab_size(with_added_tokens=True))


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of the model in `folder`.

    Raises:
        BadInputError: it cannot be read, or names no token that begins or ends a text.
    """
    if not is_plain(folder):
        return _through_transformers(folder)
    settings, file = _read_settings(folder), folder / "tokenizer.json"
    try:
        backend = Backend.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise BadInputError(f"cannot read {file}: {error}") from error
    backend.no_truncation()
    backend.no_padding()
    bos, eos = (_id_of(backend, settings.get(name)) for name in ("bos_token", "eos_token"))
    return _tokenizer(backend, bos, eos)


def is_plain(folder: Path) -> bool:
    """Whether tokenizer.json says all there is to the tokenizer in `folder`.

    transformers 5 makes GPT-2's class anew from words and merges alone: what else stands in
    tokenizer.json is lost then, as the digits that SmolLM2 reads one by one.
    """
    settings = _read_settings(folder)
    plain = settings.get("tokenizer_class") in PLAIN_CLASSES and "eos_token" in settings
    return plain and (folder / "tokenizer.json").is_file()


def _through_transformers(folder: Path) -> Tokenizer:
    """For tokenizers that transformers alone knows how to put together."""
    from transformers import AutoTokenizer

    try:
        whole: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever the libraries make of broken files
        raise BadInputError(f"cannot load the tokenizer in {folder}: {error}") from error
    return _tokenizer(whole.backend_tokenizer, whole.bos_token_id, whole.eos_token_id)


def _tokenizer(backend: Backend, bos: int | None, eos: int | None) -> Tokenizer:
    backend.encode_special_tokens = True
    start, end = start_and_end(backend.token_to_id, bos, eos)
    return Tokenizer(backend, start, end)


def _read_settings(folder: Path) -> dict[str, Any]:
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _id_of(backend: Backend, token: Any) -> int | None:
    """The id of a token named as text or as `{"content": text, …}`."""
    name = token.get("content") if isinstance(token, dict) else token
    found = backend.token_to_id(name) if isinstance(name, str) else None
    return None if found is None else int(found)
