"""Whether a folder holds a whole causal language model, and how large it is.

Models of the GPT-2 and the Llama family are known by their files' headers; transformers and torch,
which take seconds to import, are asked about others alone.
"""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from components.contracts.errors import BadInputError
from components.lm.decoding.shape import read_shape
from components.lm.decoding.weight_shapes import ARCHITECTURES, Shapes, count_weights
from components.lm.model_files import check_model_files
from components.lm.tokenizer import load_tokenizer

CONFIGURATION = "config.json"


def check_kind(folder: Path) -> None:
    """Make sure that `folder` holds the files of a causal language model, weights unread.

    Raises:
        BadInputError: it does not.
    """
    check_model_files(folder)
    check_configuration(folder)


def check_configuration(folder: Path) -> None:
    """Make sure that config.json in `folder` is of a model that can be trained and served.

    Raises:
        BadInputError: it is not, or cannot be read.
    """
    if read_shape(folder) is None:
        from components.lm import models

        models.check_configuration(folder)


def architecture_and_size(folder: Path) -> tuple[str, int]:
    """The class of the model in `folder` and how many weights it has, shared ones counted once.

    Raises:
        BadInputError: `folder` holds no causal language model, or its weights are damaged.
    """
    check_model_files(folder)
    architecture, size, known = _known(folder, _weights(folder)) or _other(folder)
    _check_tokenizer(folder, known)
    return architecture, size


def _known(folder: Path, weights: Shapes) -> tuple[str, int, int] | None:
    """Class, size and vocabulary of a model whose weights are just what its configuration says."""
    shape = read_shape(folder)
    size = count_weights(shape, weights) if shape else None
    return (ARCHITECTURES[shape.family], size, shape.vocabulary) if shape and size else None


def _other(folder: Path) -> tuple[str, int, int]:
    from components.fetch.other_model import architecture_of_other

    return architecture_of_other(folder)


def _weights(folder: Path) -> Shapes:
    """The shapes of all weights in `folder`, by name."""
    found: dict[str, tuple[int, ...]] = {}
    for file in folder.glob("*.safetensors"):
        try:
            with safe_open(file, framework="np") as weights:
                names = weights.keys()
                found |= {name: tuple(weights.get_slice(name).get_shape()) for name in names}
        except (SafetensorError, OSError) as error:
            raise BadInputError(f"the weights in {file.name} are damaged: {error}") from error
    return found


def _check_tokenizer(folder: Path, known: int) -> None:
    vocabulary = load_tokenizer(folder).vocabulary
    if vocabulary > known:
        raise BadInputError(
            f"the tokenizer has {vocabulary} tokens and the model knows {known}: "
            "they do not belong together"
        )
