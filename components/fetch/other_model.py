"""What transformers says of a model of a family that our own decoder does not know."""

from pathlib import Path

import torch
from transformers import AutoConfig

from components.contracts.errors import BadInputError
from components.lm.models import check_model_folder, quiet_transformers


def architecture_of_other(folder: Path) -> tuple[str, int, int]:
    """The class of the model in `folder`, how many weights it has, and how many tokens it knows.

    The model is built without memory for its weights; shared ones are counted once.

    Raises:
        BadInputError: `folder` holds no causal language model.
    """
    kind = check_model_folder(folder)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        with quiet_transformers(), torch.device("meta"):
            model = kind(config)
    except Exception as error:  # numbers in it that make no model fail anywhere
        raise BadInputError(f"config.json describes no model that can be: {error}") from error
    size = sum(parameter.numel() for parameter in model.parameters())
    return kind.__name__, size, model.get_input_embeddings().num_embeddings
