"""publish on Kubeflow."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def publish(
    train_dataset: dsl.Input[dsl.Dataset],
    finetuned_model: dsl.Input[dsl.Model],
    evaluation: dsl.Input[dsl.Artifact],
    pretrained_model: dsl.Input[dsl.Model],
    raw_datasets: dsl.Input[list[dsl.Dataset]],
    registry: str,
    card: dsl.Output[dsl.Markdown],
    persona: dsl.OutputPath(str),  # type: ignore[valid-type]
    version: dsl.OutputPath(int),  # type: ignore[valid-type]
    name: str = "",
    proceed: bool = True,
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Publishes a model that passed as the persona's next version, with its lineage and card.

    Args:
        train_dataset: The posts that it was trained on.
        finetuned_model: The model.
        evaluation: Its evaluation.
        pretrained_model: Its base.
        raw_datasets: One of each author, for the pictures.
        registry: Where to publish.
        name: The persona; its authors joined by '-' if left empty.
        proceed: Whether evaluate let it pass; if not, the step fails and says why.
        options: Further flags of publish as one object.
        card: The model card.
        persona: The persona that it was published as.
        version: The number of the version.
    """
    return dsl.ContainerSpec(
        image=unpinned("publish"),
        command=["python", "-m", "components.publish"],
        args=[
            *("--options", options),
            *("--dataset", train_dataset.path),
            *("--model", finetuned_model.path),
            *("--evaluation", evaluation.path),
            *("--base-model", pretrained_model.path),
            *("--registry", registry),
            *("--name", name),
            *("--proceed", proceed),
            *("--card-out", card.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
