"""The page that shows an evaluation to people: one file that asks nothing of the network."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from components.contracts.posts import Sample
from components.contracts.reports import EvaluationReport, Measure, PrepareReport, TrainReport
from components.evaluate.loss_chart import loss_chart
from components.text.ngrams import RunIndex
from components.text.overlap import overlap

ROOM = Path(__file__).parent
UNPROMPTED_SHOWN = 10


class Shown(NamedTuple):
    """A sample as the page shows it."""

    text: str
    cut: bool
    """Whether the limit on tokens ended it."""
    copied: bool
    """Whether it repeats eight words or more of a training post, or all of one."""


def render_page(
    report: EvaluationReport,
    prepared: PrepareReport,
    trained: TrainReport,
    samples: Sequence[Sample],
    training: RunIndex,
) -> str:
    """The page as HTML; every text that comes from a person or a model is escaped."""
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
        report=report,
        prepared=prepared,
        trained=trained,
        names=_names(prepared),
        groups=_groups(samples, training),
        chart=loss_chart(trained),
        bars=_bars(report),
        counts=prepared.count_table(),
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
        if sample.prompt or len(group) < UNPROMPTED_SHOWN:
            eight_gram, _, exact = overlap(sample.prompt + sample.text, training)
            cut = sample.finish_reason == "length"
            group.append(Shown(sample.text, cut, copied=eight_gram or exact))
    return groups


def _bars(report: EvaluationReport) -> list[tuple[str, Measure, float]]:
    """The bars of bits per byte: name, figure, and what a full bar stands for."""
    bits = report.bits_per_byte
    full = 1.05 * max(bits.finetuned.high, bits.base.high)
    return [("this model", bits.finetuned, full), ("base model", bits.base, full)]
