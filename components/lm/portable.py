"""A model folder that transformers 4 reads as 5 does, which renamed keys of its files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.contracts.errors import BadInputError

Document = dict[str, Any]

OF_THE_LOADER = ("is_local", "local_files_only")
"""How the tokenizer was loaded here: nothing that others are to repeat."""
INPUTS = ["input_ids", "attention_mask"]
"""What a tokenizer gives in 5. In 4 one of this class also gives token types, by which GPT-2 would
add the embedding of its first token to every other."""
OLDER_ROPE_NAMES = {
    "gpt_neox": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
    "gpt_neox_japanese": {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"},
}
"""What 4 calls the two in families that have names of their own."""


def make_portable(folder: Path) -> None:
    """Make transformers 4.57 read the model in `folder` as transformers 5, which wrote it, does.

    5 still reads it as before: it knows the older names, too.

    Raises:
        BadInputError: a file is no JSON object.
    """
    pipeline = _read(folder / "tokenizer.json")
    _rewrite(folder / "config.json", _with_older_rope)
    _rewrite(folder / "tokenizer_config.json", lambda settings: _for_both(settings, pipeline))


def _with_older_rope(config: Document) -> Document:
    """The configuration with 4's keys of rotary embeddings beside 5's `rope_parameters`."""
    rope = config.get("rope_parameters")
    if not isinstance(rope, dict):
        return config
    flat, older = rope, {}
    if isinstance(rope.get("full_attention"), dict):  # one for each kind of layer, as in Gemma 3
        flat = rope["full_attention"]
        older["rope_local_base_freq"] = (rope.get("sliding_attention") or {}).get("rope_theta")
    own = OLDER_ROPE_NAMES.get(str(config.get("model_type")), {})
    for name in ("rope_theta", "partial_rotary_factor"):
        older[own.get(name, name)] = flat.get(name)
    if flat.get("rope_type", "default") != "default":
        left_out = ("rope_theta", "partial_rotary_factor")
        older["rope_scaling"] = {k: v for k, v in flat.items() if k not in left_out}
    return config | {name: value for name, value in older.items() if value is not None}


def _for_both(settings: Document, pipeline: Document | None) -> Document:
    """The tokenizer's settings in words that 4 and 5 know."""
    settings = {name: value for name, value in settings.items() if name not in OF_THE_LOADER}
    if isinstance(settings.get("extra_special_tokens"), list):  # 4 wants names for these
        settings["additional_special_tokens"] = settings.pop("extra_special_tokens")
    if pipeline is not None:  # the class that takes tokenizer.json as it stands, in 4 and 5
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
        settings.setdefault("model_input_names", INPUTS)
        spaced = (pipeline.get("pre_tokenizer") or {}).get("add_prefix_space")
        if spaced is not None:  # 4 would turn it off
            settings["add_prefix_space"] = spaced
    return settings


def _rewrite(file: Path, change: Callable[[Document], Document]) -> None:
    document = _read(file)
    if document is not None and (changed := change(document)) != document:
        text = json.dumps(changed, indent=2, sort_keys=True, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")


def _read(file: Path) -> Document | None:
    """The JSON object in `file`; None where there is no such file."""
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise BadInputError(f"cannot read {file}: {error}") from error
    if not isinstance(document, dict):
        raise BadInputError(f"{file} holds no JSON object")
    return document
