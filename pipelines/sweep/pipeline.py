"""The pipeline `sweep`: the posts once, trainings beside one another, the best one published.

Each trial is a task of its own and no loop, since Kubeflow tries nothing again inside loops. A
base model that several trials start from is fetched once.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.contracts.images import unpinned
from components.contracts.sweep import Value
from components.fetch.component import fetch
from components.prepare.component import prepare
from components.tracking.names import SWEEP_ID
from components.train.component import train
from pipelines.persona import collected_by, for_one_source
from pipelines.platform import Platform
from pipelines.sweep.spec import BASE_MODEL

APART = frozenset({BASE_MODEL, "seed"})
"""Parameters of a trial that are none of train's options."""


@dsl.container_component
def score(
    train_dataset: dsl.Input[dsl.Dataset],
    finetuned_model: dsl.Input[dsl.Model],
    pretrained_model: dsl.Input[dsl.Model],
    number: int,
    parameters: str,
    results: str,
) -> dsl.ContainerSpec:
    """Scores a trial's model on the validation posts.

    Args:
        train_dataset: The posts.
        finetuned_model: The model.
        pretrained_model: Its base, which an adapter needs, and whoever goes on with it.
        number: Which trial.
        parameters: What it was trained with, as a JSON object.
        results: Where the report goes.
    """
    return dsl.ContainerSpec(
        image=unpinned("evaluate"),
        command=["python", "-m", "pipelines.sweep", "score"],
        args=[
            *("--number", number),
            *("--parameters", parameters),
            *("--dataset", train_dataset.path),
            *("--dataset-uri", train_dataset.uri),
            *("--model", finetuned_model.path),
            *("--model-uri", finetuned_model.uri),
            *("--base-model", pretrained_model.path),
            *("--base-uri", pretrained_model.uri),
            *("--results", results),
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )


@dsl.container_component
def finish(
    results: str,
    registry: str,
    name: str = "",
    seed: int = 0,
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Evaluates the best trial once on the newest posts, and publishes it into production.

    Args:
        results: Where the trials' reports are.
        registry: Where to publish.
        name: The persona; its authors joined by '-' if left empty.
        seed: Where chance starts.
        options: Further flags of evaluate, and no_gate.
    """
    return dsl.ContainerSpec(
        image=unpinned("publish"),
        command=["python", "-m", "pipelines.sweep", "finish"],
        args=[
            *("--options", options),
            *("--results", results),
            *("--registry", registry),
            *("--name", name),
            *("--seed", seed),
            *("--out", "/tmp/sweep"),  # noqa: S108 - a mount of the pod's own
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )


def sweep_pipeline(
    on: Platform,
    trials: Sequence[Mapping[str, Value]],
    *,
    base_model: str,
    train_options: Mapping[str, Any],
    sweep: str,
    one_source: bool,
) -> BaseComponent:
    """The pipeline for this platform, ready to compile; the trials are fixed in it.

    Args:
        on: The platform.
        trials: The parameters of each.
        base_model: That of trials which name none.
        train_options: Further flags of train, where no trial says otherwise.
        sweep: The id that the runs in W&B carry; none if empty.
        one_source: Whether its runs name one source alone.
    """
    of = for_one_source if one_source else (lambda step: step)

    @dsl.pipeline(
        name="sweep",
        display_name="huggingtweets sweep",
        description=f"Trains {len(trials)} times, each time by other parameters, chooses by bits "
        "per byte on the validation posts, evaluates the best one once on the newest posts and "
        "publishes it.",
        pipeline_config=on.pipeline_config(),
    )
    def sweeping(
        sources: list[dict],  # type: ignore[type-arg]
        registry: str,
        results: str,
        name: str = "",
        preset: str = "default",
        seed: int = 0,
        prepare_options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it
        checkpoint_uri: str = "",
        finish_options: dict[str, Any] = {},  # noqa: B006
    ) -> None:
        """The trials, and what comes before and after.

        Args:
            sources: One object for each source, with flags of collect.
            registry: Where to publish, and whose opt-out list is asked: gs://… or s3://….
            results: Where the trials' reports go: gs://… or s3://….
            name: The persona; its authors joined by '-' if left empty.
            preset: The rules of cleaning: default, or classic.
            seed: Where chance starts in train and evaluate.
            prepare_options: Further flags of prepare.
            checkpoint_uri: Where train keeps checkpoints, so that a lost pod goes on.
            finish_options: Further flags of evaluate, and no_gate.
        """
        raw_datasets = collected_by(on, sources, registry, one_source=one_source)
        prepared = of(prepare)(raw_datasets=raw_datasets(), preset=preset, options=prepare_options)
        on.place(prepared, "prepare", "Clean and split the posts")
        bases = _fetched(on, trials, base_model)
        scores = []
        for number, parameters in enumerate(trials, 1):
            given = {
                "train_dataset": prepared.outputs["train_dataset"],
                "pretrained_model": bases[_base_of(parameters, base_model)],
            }
            varied = {one: value for one, value in parameters.items() if one not in APART}
            trained = train(
                **given,
                **on.train_places,
                seed=parameters.get("seed", seed),
                registry=registry,
                checkpoint_uri=checkpoint_uri,
                options={**train_options, **varied},
            )
            on.place(trained, "train", f"Trial {number}")
            if sweep:
                trained.set_env_variable(SWEEP_ID, sweep)
            scored = score(
                **given,
                finetuned_model=trained.outputs["finetuned_model"],
                number=number,
                parameters=json.dumps(dict(parameters)),
                results=results,
            )
            scores.append(on.place(scored, "evaluate", f"Score trial {number}"))
        ended = finish(
            results=results, registry=registry, name=name, seed=seed, options=finish_options
        )
        on.place(ended, "publish", "Evaluate and publish the best one")
        ended.after(*scores).ignore_upstream_failure()

    return sweeping


def _fetched(
    on: Platform, trials: Sequence[Mapping[str, Value]], base_model: str
) -> dict[str, Any]:
    """Fetch each base model once; the pretrained models by name."""
    found = {}
    for name in dict.fromkeys(_base_of(parameters, base_model) for parameters in trials):
        task = on.place(fetch(base_model=name), "fetch", f"Fetch {name}")
        found[name] = task.outputs["pretrained_model"]
    return found


def _base_of(parameters: Mapping[str, Value], base_model: str) -> str:
    return str(parameters.get(BASE_MODEL, base_model))
