"""The lineage of a version: from the digests of the inputs to the model."""

from collections.abc import Mapping
from typing import Any

from components.publish.inputs import Story

IMAGES = "HUGGINGTWEETS_IMAGE_"
RUNS = {"wandb": "WANDB_RUN_ID", "kubeflow": "KFP_RUN_ID"}


def lineage_of(story: Story, environment: Mapping[str, str]) -> dict[str, Any]:
    """What the manifest says about where a version came from.

    `environment` adds the images that the stages ran in (`HUGGINGTWEETS_IMAGE_<STAGE>`, an image
    name with its digest) and the ids of the runs (`WANDB_RUN_ID`, `KFP_RUN_ID`); nothing else of
    it is read.
    """
    collected = story.prepared.collected
    return {
        "digests": {
            "inputs": {report.author: report.input_sha256 for report in collected},
            "pretrained-model": story.fetched.sha256,
            "train-dataset": story.trained.dataset_sha256,
            "finetuned-model": story.evaluated.model_sha256,
        },
        "consent": {report.author: report.consent for report in collected},
        "collect": {report.author: report.model_dump(mode="json") for report in collected},
        "fetch": story.fetched.model_dump(mode="json"),
        "prepare": story.prepared.model_dump(mode="json", exclude={"collected"}),
        "train": story.trained.model_dump(mode="json"),
        "evaluate": story.evaluated.model_dump(mode="json"),
        "images": {
            name.removeprefix(IMAGES).lower(): image
            for name, image in sorted(environment.items())
            if name.startswith(IMAGES) and image
        },
        "runs": {name: environment[key] for name, key in RUNS.items() if environment.get(key)},
    }
