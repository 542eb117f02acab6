"""The pipeline `persona`: posts in; a measured, documented, published persona out.

For several sources a loop hands each to a collect of its own, and the raw datasets of all on as a
list. The groups of a loop cost pods: for one source collect takes the list itself, which holds one,
and the others take the only raw dataset.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent
from kfp.dsl.container_component_class import ContainerComponent

from components.collect.component import collect
from components.deploy.component import deploy
from components.evaluate.component import evaluate
from components.fetch.component import fetch
from components.prepare.component import prepare
from components.publish.component import publish
from components.push.component import push
from components.report.component import report
from components.train.component import train
from pipelines.platform import Platform


def persona_pipeline(on: Platform, *, one_source: bool) -> BaseComponent:
    """The pipeline for this platform, ready to compile; with a loop unless for `one_source` alone.

    No step stands in a group but what the exit handler and the loop need: Kubeflow runs a pod for
    each group. So the gate is no group: publish refuses what evaluate did not let pass.
    """
    of = for_one_source if one_source else _as_it_is

    @dsl.pipeline(
        name="persona",
        display_name="huggingtweets persona",
        description="Turns the posts of one author, or of a few, into a small language model that "
        "writes like them: measured, documented and published."
        + (" For one source." if one_source else ""),
        pipeline_config=on.pipeline_config(),
    )
    def persona(
        sources: list[dict],  # type: ignore[type-arg]
        registry: str,
        name: str = "",
        base_model: str = "openai-community/gpt2",
        preset: str = "default",
        seed: int = 0,
        no_gate: bool = False,
        checkpoint_uri: str = "",
        prepare_options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it
        train_options: dict[str, Any] = {},  # noqa: B006
        evaluate_options: dict[str, Any] = {},  # noqa: B006
        publish_options: dict[str, Any] = {},  # noqa: B006
    ) -> None:
        """The job, top to bottom.

        Args:
            sources: One object for each source, with flags of collect: {"archive": "s3://…/me.zip",
                "consent": "own-archive"} or {"table": "gs://…/posts.csv", "author": "ann", …}.
            registry: Where to publish, and whose opt-out list is asked: gs://… or s3://….
            name: The persona; its authors joined by '-' if left empty.
            base_model: A Hub model as ID or ID@REVISION, gs://… or s3://….
            preset: The rules of cleaning: default, or classic for the original huggingtweets'.
            seed: Where chance starts in train and evaluate.
            no_gate: Publish whatever the gate says.
            checkpoint_uri: Where train keeps checkpoints, so that a lost pod goes on.
            prepare_options: Further flags of prepare, as {"keep_newlines": true}.
            train_options: Further flags of train, as {"epochs": 2, "method": "lora"}.
            evaluate_options: Further flags of evaluate, as {"samples": 100}.
            publish_options: Further flags of publish, as {"gguf": "q8_0"}.
        """
        ending = on.place(report(), "report", "Say how it ended")
        with dsl.ExitHandler(ending, name="persona-steps"):
            raw_datasets = collected_by(on, sources, registry, one_source=one_source)

            prepared = of(prepare)(
                raw_datasets=raw_datasets(), preset=preset, options=prepare_options
            )
            on.place(prepared, "prepare", "Clean and split the posts")
            fetched = fetch(base_model=base_model)
            on.place(fetched, "fetch", "Fetch the base model")
            given = {
                "train_dataset": prepared.outputs["train_dataset"],
                "pretrained_model": fetched.outputs["pretrained_model"],
            }

            trained = train(
                **given,
                **on.train_places,
                seed=seed,
                registry=registry,
                checkpoint_uri=checkpoint_uri,
                options=train_options,
            )
            on.place(trained, "train", "Fine-tune the base model")
            given["finetuned_model"] = trained.outputs["finetuned_model"]

            evaluated = evaluate(
                **given,
                seed=seed,
                registry=registry,
                name=name,
                no_gate=no_gate,
                options=evaluate_options,
            )
            on.place(evaluated, "evaluate", "Measure it on the newest posts")
            given["evaluation"] = evaluated.outputs["evaluation"]

            published = of(publish)(
                **given,
                raw_datasets=raw_datasets(),
                registry=registry,
                name=name,
                proceed=evaluated.outputs["proceed"],
                options=publish_options,
            )
            on.place(published, "publish", "Publish it if it is good enough")

            deployed = deploy(
                registry=registry,
                persona=published.outputs["persona"],
                version=published.outputs["version"],
            )
            on.place(deployed, "deploy", "Bring it into production")

            if on.push:
                pushed = push(
                    registry=registry,
                    persona=published.outputs["persona"],
                    version=published.outputs["version"],
                    to=on.push.to,
                    no_gate=no_gate,
                    options={"public": on.push.public},
                ).after(deployed)
                on.place(pushed, "push", "Push it to the Hugging Face Hub")

    return persona


def collected_by(
    on: Platform, sources: Any, registry: Any, *, one_source: bool
) -> Callable[[], Any]:
    """Collect from each source; gives what hands the raw datasets to a step, once for each."""
    title = "Collect one author's posts"
    if one_source:
        collected = on.place(
            _taking_the_list(collect)(source=sources, registry=registry), "collect", title
        )
        return lambda: collected.outputs["raw_dataset"]
    with dsl.ParallelFor(sources, name="authors") as source:
        collected = on.place(collect(source=source, registry=registry), "collect", title)
    return lambda: dsl.Collected(collected.outputs["raw_dataset"])  # compiling uses one up


def _as_it_is(step: BaseComponent) -> BaseComponent:
    return step


def _taking_the_list(collect: BaseComponent) -> BaseComponent:
    """The step collect, for a list of one source."""
    return _with_input(collect, "source", type="List")


def for_one_source(step: BaseComponent) -> BaseComponent:
    """A step that reads raw datasets, for one."""
    return _with_input(step, "raw_datasets", is_artifact_list=False)


def _with_input(step: BaseComponent, name: str, **changes: object) -> BaseComponent:
    """The same step with an input of another kind; its command line stays as it is."""
    spec = copy.deepcopy(step.component_spec)
    spec.inputs[name] = replace(spec.inputs[name], **changes)
    return ContainerComponent(spec, step.pipeline_func)
