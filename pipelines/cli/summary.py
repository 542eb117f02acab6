"""What a finished run says: its posts, its counts, its headline and where everything lies."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.contracts.artifacts import (
    EVALUATION,
    EVALUATION_REPORT,
    MANIFEST,
    MODEL_CARD,
    PREPARE_REPORT,
    REPORT_PAGE,
    SAMPLES,
    TRAIN_DATASET,
)
from components.contracts.base import read_rows
from components.contracts.evaluation import ENOUGH_SAMPLES, EvaluationReport
from components.contracts.posts import Sample
from components.contracts.registry import Manifest
from components.contracts.reports import PrepareReport
from components.text.terminal import printable
from pipelines.steps import StepTime

SHOWN_PROMPT = "My dream is"
MOST_SHOWN = 10


def print_summary(out: Path, times: Sequence[StepTime], version: Path | None) -> None:
    """Write what came out in `out` to standard output.

    `version` is the folder of the published version; None where the run ended before.
    """
    console = Console(highlight=False)
    if version:
        manifest = Manifest.read(version / MANIFEST)
        samples = list(read_rows(out / EVALUATION / SAMPLES, Sample))
        _print_posts(console, samples, manifest.persona)
        console.print(_counts_table(PrepareReport.read(out / TRAIN_DATASET / PREPARE_REPORT)))
        _print_headline(console, EvaluationReport.read(out / EVALUATION / EVALUATION_REPORT))
        console.print(_times_table(times))
        _print_places(console, out, version, f"{manifest.persona}@{manifest.version}")
    else:
        console.print(_times_table(times))
        console.print(Text(f"\nWhat was made lies in {_short(out)}"), soft_wrap=True)


def _print_posts(console: Console, samples: Sequence[Sample], persona: str) -> None:
    """The posts that continue one prompt: the usual one, else the first that was asked."""
    prompts = [sample.prompt for sample in samples]
    shown = SHOWN_PROMPT if SHOWN_PROMPT in prompts else next(iter(prompts), "")
    given = f"was given “{printable(shown)}” and wrote" if shown else "wrote"
    console.print(Text(f"\n{persona} 🤖", style="bold").append(f" {given}:\n", style="not bold"))
    for sample in [sample for sample in samples if sample.prompt == shown][:MOST_SHOWN]:
        line = Text("  • ").append(printable(shown), style="bold").append(printable(sample.text))
        console.print(line, soft_wrap=True)
    console.print("\n  (every line above was written by a machine)\n", style="dim")


def _counts_table(report: PrepareReport) -> Table:
    table = Table(title="Posts", title_justify="left", title_style="bold")
    table.add_column("")
    for author in report.persona_authors:
        table.add_column(Text(f"@{author}"), justify="right")
    if len(report.per_author) > 1:
        table.add_column("together", justify="right")
    rows = report.count_table()
    ends = (next(iter(rows)), next(reversed(rows)))
    for name, figures in rows.items():
        if name in ends or any(figures):
            style = "bold" if name == ends[1] else ""
            table.add_row(name, *(f"{figure:,}" for figure in figures), style=style)
    return table


def _print_headline(console: Console, report: EvaluationReport) -> None:
    bits, copied = report.bits_per_byte, report.memorisation
    console.print("\n[bold]Evaluation[/bold] on the newest posts, which training never saw")
    known = {"this model": bits.finetuned, "base model": bits.base, "bytes alone": bits.byte5}
    figures = ", ".join(f"{name} {one.value:.3f}" for name, one in known.items() if one)
    console.print(f"  bits per byte: {figures} ({report.test_posts} posts)")
    console.print(
        f"  copies of 8 words in a row {copied.generated.eight_gram.value:.1%} of "
        f"{report.samples} samples (real newest posts {copied.heldout.eight_gram.value:.1%}), "
        f"whole posts copied {copied.generated.exact.value:.1%}"
    )
    heading, *conditions = verdict_lines(report)
    console.print(Text(f"\n{heading}", style="bold"))
    console.print(Text("\n".join(conditions) + "\n"))


def verdict_lines(report: EvaluationReport) -> list[str]:
    """The verdict in one line, then one for each condition of the gate."""
    said = "passed" if report.gate.passed else "failed"
    unsure = report.samples < ENOUGH_SAMPLES
    few = f" ({report.samples} samples; {ENOUGH_SAMPLES} make it sure)" if unsure else ""
    return [
        f"The gate {said}{few}",
        *(f"  {one.mark} {one.sentence}" for one in report.gate.conditions),
    ]


def _times_table(times: Sequence[StepTime]) -> Table:
    table = Table(title="Time", title_justify="left", title_style="bold")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for step in times:
        table.add_row(Text(step.name), "reused" if step.reused else f"{step.seconds:.1f}")
    table.add_row("together", f"{sum(step.seconds for step in times):.1f}", style="bold")
    return table


def _print_places(console: Console, out: Path, version: Path, name: str) -> None:
    console.print(f"\n[bold]{name}[/bold] is published, and in production")
    for what, place in {
        "model card": version / MODEL_CARD,
        "report": out / EVALUATION / REPORT_PAGE,
        "model": version,
    }.items():
        console.print(Text(f"  {what:<11} {_short(place)}"), soft_wrap=True)
    console.print("\nMore of its posts, and a persona of your own:")
    model = shlex.quote(str(_short(version)))
    for line in (
        f'huggingtweets generate --model {model} --prompt "{SHOWN_PROMPT}"',
        "huggingtweets run --archive YOUR-X-ARCHIVE.zip --consent own-archive --out out/me",
    ):
        console.print(Text(f"  {line}"), soft_wrap=True)


def _short(path: Path) -> Path:
    """The path from here where it lies below, else as it is."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
