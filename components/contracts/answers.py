"""What is answered to whoever asks a persona for posts."""

from typing import Literal

from components.contracts.base import Contract


class Generation(Contract):
    """One post that a model wrote."""

    text: str
    """The prompt left out."""
    finish_reason: Literal["stop", "length"]
    """`length` where the limit cut it."""


class Predictions(Contract):
    """The answer body of `POST /predictions/{model}`, and of `huggingtweets generate --json`."""

    model: str
    """The persona; of a folder outside a registry, its name."""
    model_version: str | None
    """The version's number; a folder outside a registry has none."""
    ai_generated: Literal[True] = True
    generations: tuple[Generation, ...]
