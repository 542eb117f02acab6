"""What can be chosen about a push."""

from components.runtime.flags import StageConfig


class PushConfig(StageConfig):
    """What can be chosen about a push."""

    public: bool = False
    """Let everybody read the repository; a new one is private otherwise, an old one as it was."""
    overwrite: bool = False
    """Replace files that somebody else put into the repository, or changed there."""
    license: str | None = None
    """The model's licence as an SPDX name; what the version's card says, if left out."""
