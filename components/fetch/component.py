"""fetch on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def fetch(base_model: str, pretrained_model: dsl.Output[dsl.Model]) -> dsl.ContainerSpec:
    """Fetches the base model once, on a processor, so that no GPU waits for a download.

    Args:
        base_model: A Hub model as ID or ID@REVISION, gs://… or s3://….
        pretrained_model: The model's files, and which model it is.
    """
    return dsl.ContainerSpec(
        image=unpinned("fetch"),
        command=["python", "-m", "components.fetch"],
        args=[
            *("--base-model", base_model),
            *("--model-out", pretrained_model.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
