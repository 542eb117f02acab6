"""The lineage of a version: from the digests of the inputs to the model."""

from collections.abc import Mapping

from components.contracts.environment import IMAGE_VARIABLE
from components.contracts.lineage import Lineage
from components.contracts.registry import PostHashes
from components.contracts.reports import CollectReport, PrepareReport
from components.publish.inputs import Story

RUNS = {"wandb": "WANDB_RUN_ID", "kubeflow": "KFP_RUN_ID"}


def lineage_of(
    story: Story, environment: Mapping[str, str], hashes: PostHashes | None = None
) -> Lineage:
    """What the manifest says about where a version came from.

    `environment` adds the images that the stages ran in (`HUGGINGTWEETS_IMAGE_<STAGE>`, an image
    name with its digest) and the ids of the runs (`WANDB_RUN_ID`, `KFP_RUN_ID`); nothing else of
    it is read. `hashes` are those of the posts' ids, of which the key's id and the number are kept
    here.
    """
    collected = _by_author(story.prepared)
    document: dict[str, object] = {
        "digests": {
            "inputs": {author: report.input_sha256 for author, report in collected.items()},
            "pretrained-model": story.fetched.sha256,
            "train-dataset": story.trained.dataset_sha256,
            "finetuned-model": story.evaluated.model_sha256,
        },
        "consent": {author: report.consent for author, report in collected.items()},
        "collect": {author: report.model_dump(mode="json") for author, report in collected.items()},
        "fetch": story.fetched.model_dump(mode="json"),
        "prepare": story.prepared.model_dump(mode="json", exclude={"collected"}),
        "train": story.trained.model_dump(mode="json"),
        "evaluate": story.evaluated.model_dump(mode="json"),
        "images": {
            name.removeprefix(IMAGE_VARIABLE).lower(): image
            for name, image in sorted(environment.items())
            if name.startswith(IMAGE_VARIABLE) and image
        },
        "runs": {name: environment[key] for name, key in RUNS.items() if environment.get(key)},
    }
    if hashes:
        document["post_hashes"] = {"key_id": hashes.key_id, "posts": len(hashes.posts)}
    return Lineage.model_validate(document)


def job_of(story: Story, environment: Mapping[str, str]) -> str | None:
    """What every attempt of one pipeline's step has in common; None by hand, where a person who
    publishes twice means it."""
    run = environment.get(RUNS["kubeflow"])
    return f"{run}/{story.evaluated.model_sha256}" if run else None


def _by_author(prepared: PrepareReport) -> dict[str, CollectReport]:
    """Every raw dataset's report by its author: `ann`, and where she has several `ann/2`, `ann/3`.

    No handle holds a slash. The spelling is the one that the model's posts have.
    """
    found: dict[str, CollectReport] = {}
    for author in prepared.persona_authors:
        for number, report in enumerate(prepared.collected_of(author), 1):
            found[author if number == 1 else f"{author}/{number}"] = report
    return found
