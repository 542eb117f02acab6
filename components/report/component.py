"""report on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def report(status: dsl.PipelineTaskFinalStatus) -> dsl.ContainerSpec:
    """Says how the run ended, whatever happened in it.

    Args:
        status: What Kubeflow knows of the end.
    """
    return dsl.ContainerSpec(
        image=unpinned("report"),
        command=["python", "-m", "components.report"],
        args=["--status", status],
    )
