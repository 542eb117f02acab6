"""The tokenizer in a GGUF file: byte-level BPE, as llama.cpp splits and merges it.

llama.cpp knows ways of splitting a text by name alone (`llama-vocab.cpp`); the name is found by
what tokenizer.json does, whatever the model is called.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from gguf import GGUFWriter, TokenType

from components.contracts.errors import BadInputError
from components.lm.tokenizer import load_tokenizer

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class GgufTokenizer(NamedTuple):
    """What GGUF says of a tokenizer."""

    splits: str
    """llama.cpp's name of how it splits a text into words."""
    tokens: list[str]
    kinds: list[TokenType]
    merges: list[str]
    start_token_id: int
    end_token_id: int

    def describe(self, writer: GGUFWriter) -> None:
        """Write it; a text begins with the start token, as in training.

        Where that is not the end token, it ends a text as well, as `generation_config.json` says.
        """
        writer.add_tokenizer_model("gpt2")  # llama.cpp's name of byte-level BPE
        writer.add_tokenizer_pre(self.splits)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.kinds)
        writer.add_token_merges(self.merges)
        writer.add_bos_token_id(self.start_token_id)
        writer.add_eos_token_id(self.end_token_id)
        writer.add_pad_token_id(self.end_token_id)
        if self.start_token_id != self.end_token_id:
            writer.add_eot_token_id(self.start_token_id)
        writer.add_add_bos_token(True)


def read_gguf_tokenizer(folder: Path, rows: int) -> GgufTokenizer:
    """The tokenizer of the model in `folder`, whose embedding has so many `rows`.

    Raises:
        BadInputError: it cannot be read, or is not one that llama.cpp has.
    """
    known = load_tokenizer(folder)
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise BadInputError(f"--gguf: {folder} holds no tokenizer.json, which a GGUF is made from")
    document = json.loads(file.read_bytes())
    splits, model = _splits(document, file), document["model"]
    tokens = [f"[PAD{number}]" for number in range(rows)]
    kinds = [TokenType.UNUSED] * rows
    added = {one["id"]: one for one in document.get("added_tokens", [])}
    ids = {number: text for text, number in model["vocab"].items()}
    ids |= {number: one["content"] for number, one in added.items()}
    if max(ids) >= rows:
        raise BadInputError(f"--gguf: {file} has more tokens than the model's {rows} embeddings")
    for number, text in ids.items():
        tokens[number] = text
        kinds[number] = TokenType.NORMAL
    for number, one in added.items():
        kinds[number] = TokenType.CONTROL if one["special"] else TokenType.USER_DEFINED
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["merges"]]
    return GgufTokenizer(splits, tokens, kinds, merges, known.start_token_id, known.end_token_id)


def _splits(document: dict[str, Any], file: Path) -> str:
    """llama.cpp's name of how this tokenizer.json splits a text into words."""
    model = document.get("model", {})
    plain = not (model.get("byte_fallback") or document.get("normalizer"))
    affixes = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    if model.get("type") == "BPE" and plain and not affixes:
        steps = _steps(document.get("pre_tokenizer"))
        for name, known, whole_words in KNOWN:
            if steps == known and bool(model.get("ignore_merges")) == whole_words:
                return name
    raise BadInputError(
        f"--gguf: {file} splits texts in a way that llama.cpp is not known to share: it can be "
        "byte-level BPE as GPT-2, SmolLM2 or Llama 3 have it; publish without --gguf"
    )


def _steps(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The steps of a pre-tokenizer, without what moves offsets alone."""
    one = pre_tokenizer or {}
    steps = one.get("pretokenizers", []) if one.get("type") == "Sequence" else [one]
    return [{k: v for k, v in step.items() if k != "trim_offsets"} for step in steps]


def _bytes_by(use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "use_regex": use_regex}


KNOWN: tuple[tuple[str, list[dict[str, Any]], bool], ...] = (
    ("gpt-2", [_bytes_by(True)], False),
    ("smollm", [{"type": "Digits", "individual_digits": True}, _bytes_by(True)], False),
    (
        "llama-bpe",
        [
            {
                "type": "Split",
                "pattern": {"Regex": LLAMA_3},
                "behavior": "Isolated",
                "invert": False,
            },
            _bytes_by(False),
        ],
        True,
    ),
)
"""llama.cpp's name, its steps, and whether a word of the vocabulary is taken without merges."""
