"""What can be chosen about an evaluation."""

from typing import Annotated

from pydantic import Field

from components.contracts.evaluation import ENOUGH_SAMPLES
from components.runtime.flags import StageConfig
from components.runtime.words import LARGEST

Count = Annotated[int, Field(ge=1)]
Prompt = Annotated[str, Field(min_length=1)]


class EvaluateConfig(StageConfig):
    """What can be chosen about an evaluation."""

    samples: Count = ENOUGH_SAMPLES
    """How many posts to generate without a prompt and measure; below 500 the verdict is unsure."""
    prompts: tuple[Prompt, ...] = (
        "My dream is",
        "I like",
        "I don't like",
        "I think",
        "Nobody tells you",
    )
    """Beginnings that the model is asked to continue, ten times each; they should suit anyone."""
    max_tokens: Count = 60
    """The longest generated post, in tokens."""
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Below 1 the model plays safe, above 1 it dares more."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Draw among the likeliest tokens that together have this probability."""
    gate: str | None = None
    """A YAML file of conditions to judge by, in the form of components/evaluate/gate.yaml; or their
    text, in several lines."""
    beat_production: bool = False
    """Demand that the model beats the version in production, where there is one."""
    seed: Annotated[int, Field(ge=0, lt=LARGEST)] = 0
    """Where chance starts: the same seed gives the same samples and figures."""
