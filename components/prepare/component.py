"""prepare on Kubeflow."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def prepare(
    raw_datasets: dsl.Input[list[dsl.Dataset]],
    train_dataset: dsl.Output[dsl.Dataset],
    preset: str = "default",
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Cleans the posts of all authors, and splits them by time.

    Args:
        raw_datasets: One of each author; the step reads the list from the executor's input.
        preset: The rules of cleaning: default, or classic for the original huggingtweets' rules.
        options: Further flags of prepare as one object.
        train_dataset: The posts for training, validation and test, and what became of each.
    """
    return dsl.ContainerSpec(
        image=unpinned("prepare"),
        command=["python", "-m", "components.prepare"],
        args=[
            *("--options", options),
            *("--preset", preset),
            *("--dataset-out", train_dataset.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
