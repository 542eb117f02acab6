"""What runs and artifacts are called: the names of the original's lineage."""

from collections.abc import Sequence

from components.contracts import artifacts

SWEEP_ID = "WANDB_SWEEP_ID"
"""W&B's variable for the sweep that a run belongs to."""
JOBS = {"prepare": "preprocess"}
"""A stage's job, where the original called it otherwise."""
_PREFIXES = {
    artifacts.RAW_DATASET: "tweets-",
    artifacts.TRAIN_DATASET: "dataset-",
    artifacts.FINETUNED_MODEL: "",
    artifacts.EVALUATION: "evaluation-",
}


def job_type(stage: str) -> str:
    """The job type of a stage's run, `preprocess` for prepare."""
    return JOBS.get(stage, stage)


def run_name(stage: str, subject: str) -> str:
    """A stage's run: `@ann-bob-train`."""
    return f"@{subject}-{job_type(stage)}"


def handles(authors: Sequence[str]) -> str:
    """Authors as they stand in names: sorted, joined by '-'."""
    return "-".join(sorted(authors))


def artifact_name(kind: str, subject: str) -> str:
    """An artifact of this type: `dataset-ann` for the train-dataset of ann; a model by its id.

    W&B takes letters, digits, '-', '_' and '.'; a slash in a model's id becomes '-'.
    """
    return _PREFIXES.get(kind, "") + subject.replace("/", "-")
