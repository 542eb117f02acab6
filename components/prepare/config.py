"""The configuration of the prepare stage."""

from typing import Self

from pydantic import model_validator

from components.contracts.reports import Preset
from components.runtime.flags import StageConfig


class PrepareConfig(StageConfig):
    """How posts are cleaned."""

    preset: Preset = "default"
    """The rules of cleaning: `default`, or `classic` for the original huggingtweets' rules."""
    keep_newlines: bool = False
    """Keep line breaks in the texts instead of making them blanks (default preset only)."""

    @model_validator(mode="after")
    def _classic_has_one_way(self) -> Self:
        if self.keep_newlines and self.preset == "classic":
            raise ValueError("--keep-newlines needs --preset default: classic makes them blanks")
        return self
