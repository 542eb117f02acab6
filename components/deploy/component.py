"""deploy on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def deploy(
    registry: str, persona: str, version: int, deployment: dsl.Output[dsl.Artifact]
) -> dsl.ContainerSpec:
    """Brings a published version into production.

    Args:
        registry: Where it is published.
        persona: Whose version.
        version: Its number.
        deployment: What was seen and done.
    """
    return dsl.ContainerSpec(
        image=unpinned("deploy"),
        command=["python", "-m", "components.deploy"],
        args=[
            *("--registry", registry),
            *("--name", persona),
            *("--version", version),
            *("--deployment-out", deployment.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
