"""Folders that hold an adapter, and the base model that it belongs to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from components.contracts.artifacts import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    BASES,
    FETCH_REPORT,
    MANIFEST,
    PRETRAINED_MODEL,
)
from components.contracts.errors import BadInputError
from components.runtime.digests import folder_sha256

BASE_SHA256 = "base_model_sha256"
"""The key in the metadata of the weights under which they name the digest of their base model."""
APART = frozenset({FETCH_REPORT, MANIFEST})
"""What a run, or a registry, puts beside the files of a base model."""
SIZE_BYTES, LONGEST_HEADER = 8, 100_000_000


def is_adapter(folder: Path) -> bool:
    """Whether `folder` holds an adapter."""
    return (folder / ADAPTER_WEIGHTS).is_file()


def base_named_in(adapter: Path) -> str | None:
    """The digest of the base model that the adapter in this folder was trained on, if it says so.

    It is that of the folder, fetch.json left out; the header is as safetensors' format has it.

    Raises:
        BadInputError: the weights cannot be read.
    """
    path = adapter / ADAPTER_WEIGHTS
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(SIZE_BYTES), "little")
            header = json.loads(file.read(min(size, LONGEST_HEADER)))
        named = header.get("__metadata__", {}).get(BASE_SHA256)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise BadInputError(f"cannot read {path}: {error}") from error
    return named if isinstance(named, str) else None


@contextmanager
def whole_model(model: Path, base_model: Path | None = None) -> Iterator[Path]:
    """A folder with all that is needed to write: `model` itself, or an adapter beside its base.

    The base of an adapter is `base_model`, or lies where a registry or a run keeps it. Files are
    linked to.

    Raises:
        BadInputError: it is not there, or is another than the adapter names.
    """
    if not is_adapter(model):
        yield model
        return
    base = _base_of(model, base_model)
    with TemporaryDirectory(prefix="adapted-") as name:
        joined = Path(name)
        for path in (*base.iterdir(), model / ADAPTER_CONFIG, model / ADAPTER_WEIGHTS):
            if path.name not in APART:
                (joined / path.name).symlink_to(path.resolve())
        yield joined


def _base_of(adapter: Path, given: Path | None) -> Path:
    sha256 = base_named_in(adapter)
    here = adapter.resolve()
    places = [*([given] if given else []), here.parent / PRETRAINED_MODEL]
    if sha256 and here.parent.name == "versions":
        places.append(here.parents[2] / BASES / sha256)
    for folder in places:
        if folder.is_dir() and sha256 in (None, folder_sha256(folder, leave_out=APART)):
            return folder
    where = f"{given} is another" if given else "it is not there"
    raise BadInputError(
        f"{adapter} holds an adapter of the base model with the digest {sha256}, and {where}; "
        "name its folder with --base-model"
    )
