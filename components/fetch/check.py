"""Whether a folder holds a whole causal language model, and how large it is."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig

from components.contracts.errors import BadInputError
from components.lm.models import check_model_folder, quiet_transformers
from components.lm.tokenizer import load_tokenizer


def architecture_and_size(folder: Path) -> tuple[str, int]:
    """The class of the model in `folder` and how many weights it has, shared ones counted once.

    Raises:
        BadInputError: `folder` holds no causal language model, or its weights are damaged.
    """
    kind = check_model_folder(folder)
    for file in folder.glob("*.safetensors"):
        try:
            with safe_open(file, framework="pt"):
                pass
        except (SafetensorError, OSError) as error:
            raise BadInputError(f"the weights in {file.name} are damaged: {error}") from error
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with quiet_transformers(), torch.device("meta"):
            model = kind(config)
    except Exception as error:  # numbers in it that make no model fail anywhere
        raise BadInputError(f"config.json describes no model that can be: {error}") from error
    _check_tokenizer(folder, model.get_input_embeddings().num_embeddings)
    return kind.__name__, sum(parameter.numel() for parameter in model.parameters())


def _check_tokenizer(folder: Path, known: int) -> None:
    vocabulary = load_tokenizer(folder).vocabulary
    if vocabulary > known:
        raise BadInputError(
            f"the tokenizer has {vocabulary} tokens and the model knows {known}: "
            "they do not belong together"
        )
