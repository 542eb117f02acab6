"""Which base model to fetch."""

from components.runtime.flags import StageConfig


class FetchConfig(StageConfig):
    """Where the base model comes from."""

    base_model: str = "openai-community/gpt2"
    """A Hub model as ID or ID@REVISION, a folder, gs://… or s3://…, or `bundled`."""
