"""The fields that all dialects share, and the limits on them."""

import secrets
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from components.lm.engine.protocol import Sampling
from components.serve.dialects.unread import known_fields

MOST_SAMPLES = 64
MOST_STOPS = 16
MOST_SEED = (1 << 63) - 1
SEED_BITS = 31
MOST_TOKENS = 1_000_000
DEFAULTS = Sampling()


def _text(text: str) -> str:
    """Half of a surrogate pair is no text."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it is not text: it holds half of a surrogate pair")
    return text


Text = Annotated[str, AfterValidator(_text)]
Stop = Annotated[Text, Field(min_length=1)]
Temperature = Annotated[float, Field(ge=0, allow_inf_nan=False)]
TopP = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Stops = Stop | Annotated[list[Stop], Field(max_length=MOST_STOPS)]


class KnownFields(BaseModel):
    """A part of a request, of which nothing is passed over."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _all_are_known(cls, given: Any) -> Any:
        """Leave out what changes nothing.

        Raises:
            Problem: a field is not known.
        """
        return known_fields(given, cls.model_fields) if isinstance(given, dict) else given


class DrawingFields(KnownFields):
    """What every request may say of how it is written."""

    stop: Stops | None = None
    """A sample ends before the first of these."""
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] | None = None
    """The same seed gives the same samples; a random one if left out."""
    ignore_eos: bool = False
    """Write exactly max_tokens, whatever ends a post; for measurements."""
    mark: bool | None = None
    """Whether the answer brings a signed statement that a machine wrote it."""

    def drawing(self) -> dict[str, Any]:
        """These fields as the engine takes them."""
        return {
            "stop": (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            "seed": secrets.randbits(SEED_BITS) if self.seed is None else self.seed,
            "ignore_eos": self.ignore_eos,
        }


class SamplingFields(DrawingFields):
    """How posts are drawn; what is left out has the defaults."""

    n: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 1
    """How many samples."""
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] = DEFAULTS.max_tokens
    """A sample is cut at this many new tokens, at the end of a word."""
    temperature: Temperature = DEFAULTS.temperature
    """0 always takes the most probable token."""
    top_p: TopP = DEFAULTS.top_p
    """Mass of the nucleus that tokens are drawn from."""

    def sampling(self) -> Sampling:
        """These fields as the engine takes them."""
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            **self.drawing(),
        )
