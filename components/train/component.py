"""train on Kubeflow."""

from typing import Any

from kfp import dsl

from components.contracts.images import unpinned


@dsl.container_component
def train(
    train_dataset: dsl.Input[dsl.Dataset],
    pretrained_model: dsl.Input[dsl.Model],
    finetuned_model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    device: str = "",
    gpus: int = 1,
    nodes: int = 1,
    seed: int = 0,
    registry: str = "",
    checkpoint_uri: str = "",
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Fine-tunes the base model on the posts; a preempted pod goes on where it was.

    Args:
        train_dataset: The posts.
        pretrained_model: The model to start from.
        device: Where to compute: auto, cpu, or cuda, which refuses to do without a GPU.
        gpus: How many processes train in each pod, one a GPU.
        nodes: In how many pods; more than one are a TrainJob of Kubeflow Trainer.
        seed: Orders the posts and starts the adapters.
        registry: The registry whose opt-out list is asked.
        checkpoint_uri: Where checkpoints are kept while it trains.
        options: Further flags of train as one object.
        finetuned_model: The model, and how it was trained.
        metrics: Loss, tokens and speed.
    """
    return dsl.ContainerSpec(
        image=unpinned("train"),
        command=["python", "-m", "components.train"],
        args=[
            *("--options", options),
            *("--device", device),
            *("--gpus", gpus),
            *("--nodes", nodes),
            *("--seed", seed),
            *("--registry", registry),
            *("--checkpoint-uri", checkpoint_uri),
            *("--dataset", train_dataset.path),
            *("--base-model", pretrained_model.path),
            *("--model-out", finetuned_model.path),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )
