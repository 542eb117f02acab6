"""The pages that show an evaluation to people: each one file that asks nothing of the network."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import jinja2
from markupsafe import Markup

from components.contracts.artifacts import PREPARE_REPORT, TRAIN_REPORT
from components.contracts.evaluation import EvaluationReport, Measure
from components.contracts.posts import Sample
from components.contracts.reports import PrepareReport, TrainReport
from components.evaluate.answers import Answers
from components.evaluate.judge import Judge
from components.evaluate.loss_chart import loss_chart
from components.text.ngrams import RunIndex
from components.text.overlap import overlap

ROOM = Path(__file__).parent
UNPROMPTED_SHOWN = 10


class Story(NamedTuple):
    """All that a page tells of."""

    report: EvaluationReport
    prepared: PrepareReport
    trained: TrainReport | None
    """None where the model, if there is one, does not say how it was trained."""
    judge: Judge
    answers: Answers

    @classmethod
    def read(
        cls,
        dataset: Path,
        model: Path | None,
        report: EvaluationReport,
        judge: Judge,
        answers: Answers,
    ) -> Self:
        """Add the reports of the stages before, where they are, to those of this one."""
        trained = model / TRAIN_REPORT if model and (model / TRAIN_REPORT).is_file() else None
        return cls(
            report=report,
            prepared=PrepareReport.read(dataset / PREPARE_REPORT),
            trained=TrainReport.read(trained) if trained else None,
            judge=judge,
            answers=answers,
        )


class Shown(NamedTuple):
    """A sample as the page shows it."""

    text: str
    cut: bool
    """Whether the limit on tokens ended it."""
    copied: bool
    """Whether it repeats eight words or more of a training post, or all of one."""


def render_page(story: Story, *, public: bool) -> str:
    """The page as HTML; every text that comes from a person or a model is escaped.

    A public page quotes nobody: no post, no sample, no words that were learned by heart.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOM),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    written = {"figure": "{:.2f}".format, "share": percent, "number": "{:,}".format}
    environment.filters |= written
    environment.globals |= written
    return environment.get_template("page.html.jinja").render(
        style=Markup((ROOM / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        public=public,
        report=story.report,
        prepared=story.prepared,
        trained=story.trained,
        names=_names(story.prepared),
        groups={} if public else _groups(story.answers.samples, story.judge.training),
        chart=loss_chart(story.trained) if story.trained else None,
        bars=_bars(story.report),
        counts=story.prepared.count_table(),
    )


def percent(value: float) -> str:
    """A share as people read it: `1.2%`, and no more digits than it has."""
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def _names(prepared: PrepareReport) -> list[str]:
    """Each author as `Name (@handle)`, or as the handle where no name is known."""
    known = {collected.author: collected.display_name for collected in prepared.collected}
    return [
        f"{known[author]} (@{author})" if known.get(author) else f"@{author}"
        for author in prepared.persona_authors
    ]


def _groups(samples: Sequence[Sample], training: RunIndex) -> dict[str, list[Shown]]:
    """The samples by prompt, the prompts first and a few of those from nothing last."""
    groups: dict[str, list[Shown]] = {}
    for sample in samples:
        group = groups.setdefault(sample.prompt, [])
        if len(group) < UNPROMPTED_SHOWN:
            eight_gram, _, exact = overlap(sample.prompt + sample.text, training)
            cut = sample.finish_reason == "length"
            group.append(Shown(sample.text, cut, copied=eight_gram or exact))
    return groups


def _bars(report: EvaluationReport) -> list[tuple[str, Measure, float]]:
    """The bars of bits per byte: name, figure, and what a full bar stands for."""
    bits = report.bits_per_byte
    named = {
        "this model": bits.finetuned,
        "in production": bits.champion,
        "base model": bits.base,
        "bytes alone": bits.byte5,
    }
    known = {name: measure for name, measure in named.items() if measure}
    full = 1.05 * max(measure.high for measure in known.values())
    return [(name, measure, full) for name, measure in known.items()]
