"""evaluate on Kubeflow."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def evaluate(
    train_dataset: dsl.Input[dsl.Dataset],
    finetuned_model: dsl.Input[dsl.Model],
    pretrained_model: dsl.Input[dsl.Model],
    evaluation: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    proceed: dsl.OutputPath(bool),  # type: ignore[valid-type]
    seed: int = 0,
    registry: str = "",
    name: str = "",
    no_gate: bool = False,
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Measures the model against its base on the newest posts, and says whether it may go on.

    Args:
        train_dataset: The posts; those of its test were never trained on.
        finetuned_model: The model to measure.
        pretrained_model: Its base.
        seed: Where chance starts.
        registry: The registry whose version in production it is compared with.
        name: The persona there; its authors joined by '-' if left empty.
        no_gate: Whether to proceed whatever the gate says.
        options: Further flags of evaluate as one object.
        evaluation: The figures, the samples, the report.
        report: The report for people.
        metrics: The figures that are numbers.
        proceed: Whether the model is to be published.
    """
    return dsl.ContainerSpec(
        image=unpinned("evaluate"),
        command=["python", "-m", "components.evaluate"],
        args=[
            *("--options", options),
            *("--seed", seed),
            *("--registry", registry),
            *("--name", name),
            *("--dataset", train_dataset.path),
            *("--model", finetuned_model.path),
            *("--base-model", pretrained_model.path),
            *("--evaluation-out", evaluation.path),
            *("--report-out", report.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
