"""collect on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def collect(
    source: dict,  # type: ignore[type-arg]
    raw_dataset: dsl.Output[dsl.Dataset],
    registry: str = "",
) -> dsl.ContainerSpec:
    """Reads one author's posts from their source.

    Args:
        source: Flags of collect as one object, as {"archive": "s3://…", "consent": "own-archive"}.
        registry: The registry whose opt-out list is asked.
        raw_dataset: The posts as their source gave them, and on what basis they are used.
    """
    return dsl.ContainerSpec(
        image=unpinned("collect"),
        command=["python", "-m", "components.collect"],
        args=[
            *("--options", source),
            *("--registry", registry),
            *("--dataset-out", raw_dataset.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
