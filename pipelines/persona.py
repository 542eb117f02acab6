"""The pipeline `persona`: posts in; a measured, documented, published persona out."""

from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.collect.component import collect
from components.deploy.component import deploy
from components.evaluate.component import evaluate
from components.fetch.component import fetch
from components.gate.component import refuse
from components.prepare.component import prepare
from components.publish.component import publish
from components.report.component import report
from components.train.component import train
from pipelines.platform import Platform


def persona_pipeline(on: Platform) -> BaseComponent:
    """The pipeline for this platform, ready to compile."""
    gate = _gate(on)

    @dsl.pipeline(
        name="persona",
        display_name="huggingtweets persona",
        description="Turns the posts of one author, or of a few, into a small language model that "
        "writes like them: measured, documented and published.",
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
        """
        ending = on.place(report(), "report", "Say how it ended")
        with dsl.ExitHandler(ending, name="persona-steps"):
            with dsl.ParallelFor(sources, name="authors") as source:
                collected = collect(source=source, registry=registry)
                on.place(collected, "collect", "Collect one author's posts")
            raw_dataset = collected.outputs["raw_dataset"]

            prepared = prepare(
                raw_datasets=dsl.Collected(raw_dataset), preset=preset, options=prepare_options
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
                device=on.train_device,
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

            passed = gate(
                **given,
                proceed=evaluated.outputs["proceed"],
                raw_datasets=dsl.Collected(raw_dataset),  # compiling uses the other one up
                registry=registry,
                name=name,
            )
            passed.set_display_name("Publish it if it is good enough")

    return persona


def _gate(on: Platform) -> BaseComponent:
    """The nested pipeline that publishes and deploys what passed, and fails the run otherwise."""

    @dsl.pipeline(
        name="gate",
        display_name="The gate",
        description="Publishes and deploys a model that evaluate let pass; says why not otherwise.",
    )
    def gate(
        proceed: bool,
        train_dataset: dsl.Input[dsl.Dataset],
        pretrained_model: dsl.Input[dsl.Model],
        finetuned_model: dsl.Input[dsl.Model],
        evaluation: dsl.Input[dsl.Artifact],
        raw_datasets: dsl.Input[list[dsl.Dataset]],
        registry: str,
        name: str,
    ) -> None:
        with dsl.If(proceed == True, name="good-enough"):  # noqa: E712 - kfp builds a condition
            published = publish(
                train_dataset=train_dataset,
                finetuned_model=finetuned_model,
                evaluation=evaluation,
                pretrained_model=pretrained_model,
                raw_datasets=raw_datasets,
                registry=registry,
                name=name,
            )
            on.place(published, "publish", "Publish the next version")
            deployed = deploy(
                registry=registry,
                persona=published.outputs["persona"],
                version=published.outputs["version"],
            )
            on.place(deployed, "deploy", "Bring it into production")
        with dsl.Else(name="not-good-enough"):
            on.place(refuse(evaluation=evaluation), "gate", "Say why it is not published")

    return gate
