"""The pipeline `refresh`: one persona brought up to date, if its new posts make it better.

It is one step, so that a recurring run that finds too little new costs one pod.
"""

from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.contracts.images import unpinned
from pipelines.platform import Platform


@dsl.container_component
def refresh(
    persona: str,
    registry: str,
    state: str = "",
    sources: list[dict] = [],  # type: ignore[type-arg]  # noqa: B006 - Kubeflow reads it
    options: dict[str, Any] = {},  # noqa: B006
) -> dsl.ContainerSpec:
    """Collects what is new, trains a challenger, and promotes it if it is better.

    Args:
        persona: Whom to refresh.
        registry: Where its versions are.
        state: Where accounts' posts are kept for the next time.
        sources: Objects with flags of collect; those that the newest version names if left empty.
        options: Further flags of `huggingtweets refresh` as one object, as {"min_new": 100}.
    """
    return dsl.ContainerSpec(
        image=unpinned("publish"),
        command=["python", "-m", "pipelines.cli.command", "refresh"],
        args=[
            *("--options", options),
            *("--registry", registry),
            *("--state", state),
            *("--sources", sources),
            *("--out", "/tmp/refresh"),  # noqa: S108 - a mount of the pod's own
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
            persona,
        ],
    )


def refresh_pipeline(on: Platform) -> BaseComponent:
    """The pipeline for this platform, ready to compile."""

    @dsl.pipeline(
        name="refresh",
        display_name="huggingtweets refresh",
        description="Collects what is new of a persona's authors; where that is enough, trains a "
        "challenger, compares it with the version in production on the newest posts, and promotes "
        "only the better one. Why is kept in the registry.",
        pipeline_config=on.pipeline_config(),
    )
    def refreshing(
        persona: str,
        registry: str,
        state: str = "",
        sources: list[dict] = [],  # type: ignore[type-arg]  # noqa: B006 - Kubeflow reads it
        options: dict[str, Any] = {},  # noqa: B006
    ) -> None:
        """One refresh.

        Args:
            persona: Whom to refresh.
            registry: Where its versions are: gs://… or s3://….
            state: Where accounts' posts are kept for the next time: gs://… or s3://….
            sources: Objects with flags of collect, as {"archive": "s3://…/me.zip"}; those that
                the newest version names if left empty.
            options: Further flags, as {"min_new": 100, "epochs": 2}.
        """
        task = refresh(
            persona=persona, registry=registry, state=state, sources=sources, options=options
        )
        on.place(task, "publish", "Bring it up to date, if that makes it better")

    return refreshing
