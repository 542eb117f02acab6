"""The pipeline `forget`, for a schedule: what is gone from its source is forgotten here, too."""

from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.forget.component import forget
from pipelines.platform import Platform


def forget_pipeline(on: Platform) -> BaseComponent:
    """The pipeline for this platform, ready to compile."""

    @dsl.pipeline(  # type: ignore[untyped-decorator]
        name="forget",
        display_name="huggingtweets forget",
        description="Asks the sources of the raw datasets which posts are gone, takes these out of "
        "datasets, and marks the models that learned from them.",
        pipeline_config=on.pipeline_config(),
    )
    def forgetting(
        registry: str,
        artifacts: str,
        options: dict[str, Any] = {"gone": True},  # noqa: B006 - Kubeflow reads it
    ) -> None:
        """One step.

        Args:
            registry: Where the models are: gs://… or s3://….
            artifacts: Where the datasets of earlier runs lie, as their pipeline root.
            options: Flags of forget: {"gone": true} asks the sources, {"post_id": ["1"]} or
                {"author": ["ann"]} name what is to go.
        """
        forgotten = forget(registry=registry, artifacts=artifacts, options=options)
        on.place(forgotten, "collect", "Forget what is gone")

    return forgetting
