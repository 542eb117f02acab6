"""gate on Kubeflow."""

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def refuse(evaluation: dsl.Input[dsl.Artifact]) -> dsl.ContainerSpec:
    """Says which conditions of the gate the model did not meet, and fails the run.

    Args:
        evaluation: The evaluation that the gate judged.
    """
    return dsl.ContainerSpec(
        image=unpinned("gate"),
        command=["python", "-m", "components.gate"],
        args=["--evaluation", evaluation.path],
    )
