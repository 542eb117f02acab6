"""From a model folder to a running engine."""

import logging
from collections.abc import Collection
from pathlib import Path

import torch

from components.contracts.errors import BadInputError
from components.lm.autotune import FormatChoice, choose_format
from components.lm.decoding.load import load_decoder
from components.lm.decoding.protocol import Chunk, Decoder
from components.lm.decoding.shape import read_shape
from components.lm.engine.engine import TorchEngine
from components.lm.engine.heap import trim_heap
from components.lm.engine.protocol import EngineSettings, LoadFacts
from components.lm.engine.rows import Rows
from components.lm.engine.threads import release_helpers
from components.lm.format_quality import format_bits_per_byte
from components.lm.formats import FormatName, allowed_formats
from components.lm.threads import limit_threads
from components.lm.tokenizer import Tokenizer, load_tokenizer

log = logging.getLogger(__name__)

SENTENCES = (
    "My dream is to live in a small house by the sea, with a cat and far too many books.",
    "Just finished the first draft! Three months of work, and I already know what I will cut.",
    "Does anyone else talk to their houseplants? Mine have started to look at me strangely.",
    "The train is late again, so here is a photo of my breakfast from this morning instead.",
    "We are hiring: come and work with us on models that explain what they do, and why.",
)
"""What dtypes are compared on where a model comes without such figures."""


def load_engine(folder: Path, settings: EngineSettings) -> TorchEngine:
    """Load the model in `folder` and start its engine; it answers as soon as this returns.

    Raises:
        BadInputError: the folder holds no such model.
    """
    decoder, tokenizer, facts = load_parts(folder, settings)
    release_helpers()
    trim_heap()
    return TorchEngine(decoder, tokenizer, settings, facts)


def load_parts(folder: Path, settings: EngineSettings) -> tuple[Decoder, Tokenizer, LoadFacts]:
    """The model in `folder` ready to write, its tokenizer, and what they are.

    Raises:
        BadInputError: the folder holds no such model.
    """
    if not any(folder.glob("*.safetensors")):
        raise BadInputError(f"{folder} holds no *.safetensors, so there is no model to write with")
    limit_threads()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(folder)
    allowed = _allowed(folder, settings)
    choice = choose_format(settings.dtype, read_shape(folder), device, allowed, settings.choices)
    decoder = load_decoder(folder, choice.format, device)
    facts = _facts(decoder, choice, settings, device)
    _warm(decoder, tokenizer)
    return decoder, tokenizer, facts


def _allowed(folder: Path, settings: EngineSettings) -> Collection[FormatName]:
    """The formats that cost next to nothing in quality; only `auto` asks."""
    known = settings.bits_per_byte
    if settings.dtype != "auto":
        if known and settings.dtype not in allowed_formats(known):
            log.warning(
                "%s, as asked, though it costs %s more than 1%% in bits per byte",
                settings.dtype, folder,
            )  # fmt: skip
        return ()
    return allowed_formats(format_bits_per_byte(folder, SENTENCES) if known is None else known)


def _facts(
    decoder: Decoder, choice: FormatChoice, settings: EngineSettings, device: torch.device
) -> LoadFacts:
    memory = decoder.weight_bytes + settings.cache_bytes
    line = (
        f"memory: {decoder.weight_bytes >> 20} MiB of weights, "
        f"at most {settings.cache_bytes >> 20} MiB of KV cache"
    )
    slots = Rows(decoder, settings.slots, settings.cache_bytes).most
    return LoadFacts(str(choice.format), device.type, memory, slots, (*choice.lines, line))


def _warm(decoder: Decoder, tokenizer: Tokenizer) -> None:
    """Read two tokens, so that no request pays for what is done once."""
    decoder.resize(1, 2)
    decoder.step([], [], [Chunk(0, [tokenizer.start_token_id])])
    decoder.step([tokenizer.start_token_id], [1])
