"""push on Kubeflow."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def push(
    registry: str,
    persona: str,
    version: int,
    to: str,
    push: dsl.Output[dsl.Artifact],
    no_gate: bool = False,
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Copies a published version to the Hugging Face Hub.

    Args:
        registry: Where it is published.
        persona: Whose version.
        version: Its number.
        to: The repository on the Hub, as OWNER/NAME.
        no_gate: Whether to push it even if it did not pass the gate.
        options: Further flags of push as one object.
        push: What was done.
    """
    return dsl.ContainerSpec(
        image=unpinned("push"),
        command=["python", "-m", "components.push"],
        args=[
            *("--options", options),
            *("--registry", registry),
            *("--name", persona),
            *("--version", version),
            *("--to", to),
            *("--no-gate", no_gate),
            *("--push-out", push.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
