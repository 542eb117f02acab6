"""Loading a causal language model from a folder, and where a post begins and ends in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING
from transformers.utils import logging

from components.contracts.errors import BadInputError
from components.lm.devices import default_device
from components.lm.model_files import check_model_files
from components.lm.special_tokens import start_and_end
from components.lm.tokenizer import is_plain

Dtype: TypeAlias = Literal["fp32", "bf16"]
TORCH_DTYPES: dict[Dtype, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}

UNBOUNDED = 1 << 30
ENCODERS = frozenset(
    {
        *("bert", "bert-generation", "big_bird", "camembert", "data2vec-text", "electra"),
        *("ernie", "megatron-bert", "rembert", "roberta", "roberta-prelayernorm", "roc_bert"),
        *("roformer", "xlm", "xlm-roberta", "xlm-roberta-xl", "xlnet", "xmod"),
    }
)
"""Types that transformers lets be causal language models, and that are none unless they say
`is_decoder`."""
NOT_SERVED = (
    "which the server cannot run; take one of the families of GPT-2, GPT-NeoX, Llama, Qwen, Gemma "
    "or Phi"
)


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model, ready to score and to generate."""

    model: Any
    """The transformers model, in evaluation mode, on `device`."""
    tokenizer: Any
    """Its tokenizer; `encode` below reads text with it."""
    start_token_id: int
    """What stands before every post, in training, scoring and generation alike."""
    end_token_id: int
    """What ends every post."""
    device: torch.device
    max_positions: int
    """The context length in tokens."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, start and end left out.

        Text that looks like a special token is read letter by letter and never becomes one.
        """
        if not texts:
            return []
        encoded = self.tokenizer(
            list(texts), add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these token ids, special tokens left out."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def load_model(
    folder: Path, *, dtype: Dtype = "fp32", device: torch.device | None = None
) -> LanguageModel:
    """Load the causal language model in `folder`, without the network and without its code.

    Only safetensors are read, never pickled weights, which can run code when they are loaded.
    `device` is a GPU where there is one if left out.

    Raises:
        BadInputError: `folder` holds no causal language model with a tokenizer.
    """
    check_model_folder(folder)
    device = device or default_device()
    try:
        with quiet_transformers():
            tokenizer, model, found = _read(folder, TORCH_DTYPES[dtype])
    except Exception as error:  # whatever libraries make of files that are not as they should be
        raise BadInputError(f"cannot load the model in {folder}: {_first_line(error)}") from error
    if found["missing_keys"]:
        some = ", ".join(sorted(found["missing_keys"])[:3])
        raise BadInputError(f"the model in {folder} lacks weights, among them {some}")
    start, end = start_and_end(
        tokenizer.get_vocab().get, tokenizer.bos_token_id, tokenizer.eos_token_id
    )
    model.to(device).eval()
    return LanguageModel(model, tokenizer, start, end, device, max_positions(model.config))


def _read(folder: Path, dtype: torch.dtype) -> tuple[Any, Any, dict[str, Any]]:
    tokenizers: Any = PreTrainedTokenizerFast if is_plain(folder) else AutoTokenizer
    tokenizer = tokenizers.from_pretrained(folder, local_files_only=True)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    model, found = loaded
    return tokenizer, model, found


def check_model_folder(folder: Path) -> type[Any]:
    """Return the model class of the causal language model in `folder`; its weights stay unread.

    Raises:
        BadInputError: a file is missing, weights are only there as pickle, or the configuration
            is not that of a causal language model that transformers itself knows.
    """
    check_model_files(folder)
    return check_configuration(folder)


def check_configuration(folder: Path) -> type[Any]:
    """Return the model class that config.json in `folder` is for; no other file is read.

    Raises:
        BadInputError: it is not that of a causal language model that transformers itself knows,
            or of one that can neither be trained nor served.
    """
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # the libraries that check it raise errors of their own
        raise BadInputError(
            f"cannot read {folder / 'config.json'}: {_first_line(error)}"
        ) from error
    kind: Any = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    if kind is None:
        raise BadInputError(
            f"{folder} holds a model of type {config.model_type!r}, "
            "which is not a causal language model"
        )
    _refuse_what_cannot_write(config, folder)
    chosen: type[Any] = kind[0] if isinstance(kind, tuple) else kind
    return chosen


def _refuse_what_cannot_write(config: Any, folder: Path) -> None:
    """Refuse, by its configuration, a model that can neither be trained nor served."""
    quantized = getattr(config, "quantization_config", None)
    if quantized:
        by = quantized.get("quant_method") if isinstance(quantized, dict) else quantized
        raise BadInputError(
            f"{folder} holds weights that {by} quantized, which cannot be trained; "
            "take the model that they were made from"
        )
    kind = f"{folder} holds a model of type {config.model_type!r}"
    try:
        text = config.get_text_config()
        heads = getattr(text, "num_attention_heads", None)
    except (ValueError, RuntimeError) as error:  # several texts, another number in each layer
        raise BadInputError(f"{kind} whose parts differ, {NOT_SERVED}") from error
    encoder = config.model_type in ENCODERS and not getattr(config, "is_decoder", False)
    if encoder or getattr(text, "use_bidirectional_attention", False) is True:
        raise BadInputError(
            f"{kind} that reads texts in both directions, so it cannot write them; take one that "
            "reads from left to right"
        )
    if heads is None:
        raise BadInputError(f"{kind} without attention, {NOT_SERVED}")


def max_positions(config: Any) -> int:
    """The context length in tokens of a model of this configuration."""
    known = getattr(config.get_text_config(), "max_position_embeddings", None)
    return int(known) if known else UNBOUNDED


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' bars and tables off the screen; its errors still come through."""
    transformers_logging: Any = logging
    verbosity, bars = (
        transformers_logging.get_verbosity(),
        transformers_logging.is_progress_bar_enabled(),
    )
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
