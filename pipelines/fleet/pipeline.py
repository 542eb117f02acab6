"""The pipeline `fleet`: many personas from one list, a task for each shard.

The shards are tasks of their own and no loop: Kubeflow tries nothing again inside loops, and a
shard whose pod was lost has to go on.
"""

from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.contracts.images import unpinned
from pipelines.platform import Platform


@dsl.container_component
def shard(
    manifest: str,
    registry: str,
    fleet: str,
    number: int,
    shards: int,
    options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it, nobody writes to it
) -> dsl.ContainerSpec:
    """Makes the personas of one shard, one after the other.

    Args:
        manifest: The list: JSON lines, a persona each.
        registry: Where to publish, and where what came of each is written.
        fleet: The fleet's name; as the manifest is called if left empty.
        number: Which shard, from 1.
        shards: How many there are.
        options: Further flags of `huggingtweets fleet` as one object, as {"epochs": 2}.
    """
    return dsl.ContainerSpec(
        image=unpinned("publish"),
        command=["python", "-m", "pipelines.cli.command", "fleet"],
        args=[
            *("--options", options),
            *("--manifest", manifest),
            *("--registry", registry),
            *("--name", fleet),
            *("--shard", number),
            *("--shards", shards),
            *("--work", "/tmp/fleet"),  # noqa: S108 - a mount of the pod's own
            *("--executor-input", dsl.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER),
        ],
    )


def fleet_pipeline(on: Platform, shards: int) -> BaseComponent:
    """The pipeline for this platform, ready to compile; the number of shards is fixed in it."""

    @dsl.pipeline(
        name="fleet",
        display_name="huggingtweets fleet",
        description=f"Makes the personas of one list in {shards} shards: each worker takes those "
        "of its shard one after the other, and writes what came of each into the registry.",
        pipeline_config=on.pipeline_config(),
    )
    def fleet(
        manifest: str,
        registry: str,
        name: str = "",
        options: dict[str, Any] = {},  # noqa: B006 - Kubeflow reads it
    ) -> None:
        """A worker for each shard.

        Args:
            manifest: The list: gs://… or s3://…, JSON lines, a persona each.
            registry: Where to publish: gs://… or s3://….
            name: The fleet's name; as the manifest is called if left empty.
            options: Flags for all personas, as {"epochs": 2, "base_model": "…"}.
        """
        for number in range(1, shards + 1):
            task = shard(
                manifest=manifest,
                registry=registry,
                fleet=name,
                number=number,
                shards=shards,
                options=options,
            )
            on.place(task, "publish", f"Shard {number} of {shards}")

    return fleet
