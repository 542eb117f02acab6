"""Which files a model folder must hold; what is in them is looked at elsewhere."""

from pathlib import Path

from components.contracts.artifacts import ADAPTER_CONFIG
from components.contracts.errors import BadInputError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")


def check_model_files(folder: Path) -> None:
    """Make sure that `folder` holds a configuration, weights as safetensors and a tokenizer.

    Raises:
        BadInputError: one is missing, or weights are only there as pickle.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder} is not a folder; name one that holds a model")
    if not (folder / "config.json").is_file() and (folder / ADAPTER_CONFIG).is_file():
        raise BadInputError(f"{folder} holds an adapter and no whole model; merge it into its base")
    if not (folder / "config.json").is_file():
        raise BadInputError(f"{folder} holds no model: it lacks config.json")
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        also = "; convert its pickled weights, which are not safe to load" if pickled else ""
        raise BadInputError(f"{folder} holds no *.safetensors{also}")
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise BadInputError(f"{folder} holds no tokenizer: it lacks tokenizer.json")
