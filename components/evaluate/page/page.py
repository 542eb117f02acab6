"""The pages that show an evaluation to people: each one file that asks nothing of the network."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.contracts.evaluation import ENOUGH_SAMPLES, EvaluationReport
from components.contracts.reports import PrepareReport
from components.evaluate.page import charts, comparison, quotes
from components.evaluate.page.loss_chart import loss_chart
from components.evaluate.page.story import PageContent
from components.text.graphemes import count_graphemes
from components.text.terminal import printable

ROOM = Path(__file__).parent


def render_page(story: PageContent, *, public: bool) -> str:
    """The page as HTML; texts of people and models are escaped, and their controls written out.

    A public page quotes nobody: no post, no sample, no words that were learned by heart.
    """
    template = _environment().get_template("page.html.jinja")
    return template.render(
        style=Markup((ROOM / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        public=public,
        enough=ENOUGH_SAMPLES,
        report=story.report,
        prepared=story.prepared,
        trained=story.trained,
        names=_names(story.prepared),
        chart=loss_chart(story.trained) if story.trained else None,
        counts=story.prepared.count_table(),
        table=comparison.comparison_table(story.report),
        **_drawings(story),
        **({} if public else _quotes(story)),
    )


@cache
def _environment() -> jinja2.Environment:
    """Compiles the template once, for both pages."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOM),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    written = {"figure": "{:.2f}".format, "share": percent, "number": "{:,}".format}
    environment.filters |= written
    environment.globals |= written
    return environment


def _shown(value: object) -> object:
    """A text with its controls written out, which HTML may not hold; all else as it is."""
    return printable(value) if type(value) is str else value


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


def _drawings(story: PageContent) -> dict[str, Any]:
    """The bars and histograms; they show numbers alone."""
    report, author = story.report, story.judge.author
    posts = [*author.train, *author.test]
    return {
        "bits_bars": charts.bars(_bits(report)),
        "author_bars": charts.bars(
            comparison.figures(report, lambda one: one.attribution.post), full=1.0
        ),
        "told_bars": charts.bars(
            comparison.figures(report, lambda one: one.detectability.auc), full=1.0
        ),
        "copy_bars": charts.bars(
            comparison.figures(report, lambda one: one.memorisation.eight_gram), full=1.0
        ),
        "lengths": charts.length_histogram(
            _lengths(story.answers.texts), _lengths(author.test_texts)
        ),
        "hours": charts.hour_histogram([post.created_at.hour for post in posts]),
    }


def _quotes(story: PageContent) -> dict[str, Any]:
    """What only those may see who may see the posts."""
    most, least = quotes.typical(story.answers.texts, story.judge)
    return {
        "groups": quotes.samples_by_prompt(story.answers.samples, story.judge.training),
        "copies": quotes.longest_copies(story.answers.texts, story.judge),
        "most_typical": most,
        "least_typical": least,
    }


def _lengths(texts: Sequence[str]) -> list[int]:
    return [count_graphemes(text) for text in texts]


def _bits(report: EvaluationReport) -> dict[str, Any]:
    bits = report.bits_per_byte
    return {
        "this model": ("ours", bits.finetuned),
        "in production": ("theirs", bits.champion),
        "base model": ("theirs", bits.base),
        "bytes alone": ("theirs", bits.byte5),
        "bytes alone, on other authors": ("theirs", bits.others),
    }
