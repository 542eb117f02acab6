"""forget on Kubeflow, in collect's image: it asks the same sources."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def forget(
    registry: str,
    artifacts: str,
    receipt: dsl.Output[dsl.Artifact],
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it
) -> dsl.ContainerSpec:
    """Forgets posts or authors in datasets, in the registry and on its servers.

    Args:
        registry: Where the models are.
        artifacts: Where the datasets of earlier runs lie: gs://… or s3://….
        options: Flags of forget, as {"gone": true} or {"author": ["ann"]}.
        receipt: What was done, found nowhere, and not reached.
    """
    return dsl.ContainerSpec(
        image=unpinned("collect"),
        command=["python", "-m", "components.forget"],
        args=[
            *("--registry", registry),
            *("--artifacts", artifacts),
            *("--options", options),
            *("--receipt-out", receipt.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
