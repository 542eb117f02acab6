"""report on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def report(
    status: dsl.PipelineTaskFinalStatus, report: dsl.Output[dsl.Markdown]
) -> dsl.ContainerSpec:
    """Says how the run ended, whatever happened in it.

    Args:
        status: What Kubeflow knows of the end.
        report: The same for people: which step failed, and what it said.
    """
    return dsl.ContainerSpec(
        image=unpinned("report"),
        command=["python", "-m", "components.report"],
        args=[
            *("--status", status),
            *("--report-out", report.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
