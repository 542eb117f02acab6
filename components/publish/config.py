"""What can be chosen about publishing."""

from components.runtime.flags import StageConfig


class PublishConfig(StageConfig):
    """What can be chosen about publishing."""

    license: str | None = None
    """The model's licence as an SPDX name; the base model's, or else `unknown`, if left out."""
