"""What stands in a report, from top to bottom."""

from collections.abc import Sequence
from typing import Any

from components.contracts.artifacts import (
    EVALUATION,
    FINETUNED_MODEL,
    PRETRAINED_MODEL,
    RAW_DATASET,
    TRAIN_DATASET,
)
from components.tracking.names import artifact_name
from components.tracking.report.library import expr, wr
from components.tracking.report.markdown import cell, markdown_table
from components.tracking.report.runs import Runs
from components.tracking.report.story import ReportContent

WIDE, HALF, HIGH = 24, 12, 10
"""Of the 24 columns of W&B's grid, and its rows."""
WARNING = (
    "Every sample in this report was written by a machine. It imitates a style: nobody said it."
)


def blocks_of(story: ReportContent, runs: Runs) -> list[Any]:
    """The blocks of the report."""
    return [
        wr.CalloutBlock(text=WARNING),
        *(wr.H2(text="Data"), wr.MarkdownBlock(text=_data(story))),
        *(wr.H2(text="Training"), _curves(runs), wr.MarkdownBlock(text=_training(story))),
        *(wr.H2(text="Evaluation"), wr.MarkdownBlock(text=_evaluation(story))),
        *(wr.H2(text="Samples"), *_samples(runs)),
        *(wr.H2(text="Lineage"), _graph(story, runs), wr.MarkdownBlock(text=_digests(story))),
    ]


def _data(story: ReportContent) -> str:
    prepared = story.prepared
    together = ["together"] if len(prepared.persona_authors) > 1 else []
    columns = [*(f"@{author}" for author in prepared.persona_authors), *together]
    counts = ((name, *row) for name, row in prepared.count_table().items())
    splits = prepared.splits
    consent = [
        (f"@{one.author}", one.consent, one.source.partition(":")[0]) for one in prepared.collected
    ]
    return "\n\n".join(
        (
            markdown_table(("posts", *columns), counts),
            f"Trained on {splits.train.posts:,} posts, stopped by {splits.validation.posts:,} "
            f"newer ones, measured on the {splits.test.posts:,} newest.",
            markdown_table(("author", "consent", "source"), consent),
        )
    )


def _curves(runs: Runs) -> Any:
    """The losses and the learning rate, step by step."""
    loss = wr.LinePlot(
        title="Loss, nats a token", x="Step", y=["train/loss", "validation/loss"],
        layout=wr.Layout(x=0, y=0, w=HALF, h=HIGH),
    )  # fmt: skip
    rate = wr.LinePlot(
        title="Learning rate", x="Step", y=["train/learning_rate"],
        layout=wr.Layout(x=HALF, y=0, w=HALF, h=HIGH),
    )  # fmt: skip
    return _grid(runs, runs.train, [loss, rate])


def _training(story: ReportContent) -> str:
    trained = story.trained
    said = (
        f"{cell(trained.base_model.id)} learned from {trained.tokens:,} tokens in "
        f"{trained.seconds:,.0f} seconds on {cell(trained.device)}, in {trained.dtype}. The "
        f"weights of step {trained.best_step:,} were kept: "
        f"{trained.best_validation_loss:.3f} nats a token."
    )
    chosen = markdown_table(("hyperparameter", "value"), trained.hyperparameters.items())
    return f"{said}\n\n{chosen}"


def _evaluation(story: ReportContent) -> str:
    evaluated = story.evaluated
    bits = evaluated.bits_per_byte
    measured = (
        ("this model", bits.finetuned),
        ("the version in production before", bits.champion),
        ("its base model", bits.base),
        ("an order-5 model of the bytes", bits.byte5),
    )
    rows = (
        (name, f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})")
        for name, one in measured
        if one
    )
    verdict = "passed" if evaluated.gate.passed else "not passed"
    gate = "\n".join(f"- {one.mark} {cell(one.sentence)}" for one in evaluated.gate.conditions)
    return "\n\n".join(
        (
            markdown_table(
                (f"bits a byte of {evaluated.test_posts:,} test posts, less is better", ""), rows
            ),
            f"**The gate**: {verdict}.",
            gate,
        )
    )


def _samples(runs: Runs) -> list[Any]:
    if runs.evaluate is None:
        return [wr.P(text="The evaluation of this model was not tracked.")]
    layout = wr.Layout(x=0, y=0, w=WIDE, h=2 * HIGH)
    shown = wr.WeavePanelSummaryTable(table_name="samples", layout=layout)
    return [_grid(runs, runs.evaluate, [shown])]


def _graph(story: ReportContent, runs: Runs) -> Any:
    """W&B's own drawing of what was made from what."""
    model = artifact_name(FINETUNED_MODEL, story.subject)
    layout = wr.Layout(x=0, y=0, w=WIDE, h=2 * HIGH)
    panel = wr.WeavePanelArtifact(artifact=model, tab="lineage", layout=layout)
    return _grid(runs, runs.train, [panel])


def _digests(story: ReportContent) -> str:
    base = story.trained.base_model
    inputs = [
        (artifact_name(RAW_DATASET, one.author), RAW_DATASET, one.input_sha256)
        for one in story.prepared.collected
    ]
    made = (
        (artifact_name(TRAIN_DATASET, story.subject), TRAIN_DATASET, story.trained.dataset_sha256),
        (artifact_name(PRETRAINED_MODEL, base.id), PRETRAINED_MODEL, base.sha256),
        (
            artifact_name(FINETUNED_MODEL, story.subject),
            FINETUNED_MODEL,
            story.evaluated.model_sha256 or "",
        ),
        (artifact_name(EVALUATION, story.subject), EVALUATION, ""),
    )
    return markdown_table(("artifact", "type", "SHA-256"), (*inputs, *made))


def _grid(runs: Runs, run: str, panels: Sequence[Any]) -> Any:
    """Panels of one run."""
    only = wr.Runset(
        entity=runs.entity, project=runs.project, filters=expr.And(expr.Metric("ID") == run)
    )
    return wr.PanelGrid(runsets=[only], panels=list(panels))
