"""The figures of the generated texts beside those of texts whose origin is known."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from components.contracts.evaluation import (
    Comparison,
    Detectability,
    EvaluationReport,
    Measure,
    Surface,
)

ORIGINS = {
    "generated": "this model",
    "heldout": "real, unseen",
    "base": "base model",
    "markov": "Markov chain",
    "copies": "training posts",
    "others": "other authors",
}
"""The columns, the judged texts first, and what they are called."""
TONES = {"generated": "ours", "heldout": "real"}

Rows = Mapping[str, Callable[[Comparison], Measure | None]]
SHARES: Rows = {
    "Posts taken for the author’s": lambda one: one.attribution.post,
    "Bundles of five taken for the author’s": lambda one: one.attribution.bundle,
    "Eight words in a row from a training post": lambda one: one.memorisation.eight_gram,
    "Half of the words, at least five, from one": lambda one: one.memorisation.half,
    "Word for word a training post": lambda one: one.memorisation.exact,
    "With an e-mail address or a phone number": lambda one: one.safety.personal_data,
    "That mention somebody else": lambda one: one.safety.third_party_mentions,
}
"""Figures that are shares of posts."""
NUMBERS: Rows = {
    "Told from real posts (AUC, 0.5 is chance)": lambda one: one.detectability.auc,
    "Different word pairs (distinct-2)": lambda one: one.diversity.distinct_2,
    "Likeness to one another (self-BLEU-4)": lambda one: one.diversity.self_bleu_4,
    "Distance in length, characters": lambda one: one.surface.length,
    "Distance in words": lambda one: one.surface.words,
    "Distance in hashtags": lambda one: one.surface.hashtags,
    "Distance in mentions": lambda one: one.surface.mentions,
    "Distance in emoji": lambda one: one.surface.emoji,
    "Distance in exclamation marks": lambda one: one.surface.exclamations,
    "Distance in question marks": lambda one: one.surface.questions,
    "Distance in capitals": lambda one: one.surface.capitals,
    "Divergence of character trigrams, bits": lambda one: one.surface.trigrams,
}
"""All other figures."""


class ComparisonTable(NamedTuple):
    """Rows of figures, a column for each origin."""

    origins: list[str]
    shares: dict[str, list[Measure | None]]
    numbers: dict[str, list[Measure | None]]


def by_origin(report: EvaluationReport) -> dict[str, Comparison]:
    """All figures by origin, in the order of `ORIGINS`; the base model only where there is one."""
    known = {
        "generated": _side(report, "generated"),
        "heldout": _side(report, "heldout"),
        **report.comparisons,
    }
    return {name: known[name] for name in ORIGINS if name in known}


def comparison_table(report: EvaluationReport) -> ComparisonTable:
    """The figures of every origin."""
    sides = by_origin(report)

    def rows(of: Rows) -> dict[str, list[Measure | None]]:
        return {name: [read(one) for one in sides.values()] for name, read in of.items()}

    return ComparisonTable([named(report, name) for name in sides], rows(SHARES), rows(NUMBERS))


def figures(
    report: EvaluationReport, read: Callable[[Comparison], Measure | None]
) -> dict[str, tuple[str, Measure | None]]:
    """One figure of every origin, with the tone of its bar, for `charts.bars`."""
    return {
        named(report, name): (TONES.get(name, "theirs"), read(one))
        for name, one in by_origin(report).items()
    }


def named(report: EvaluationReport, origin: str) -> str:
    """What to call an origin: texts from a file are no model's."""
    from_file = origin == "generated" and report.model_sha256 is None
    return "these texts" if from_file else ORIGINS[origin]


def _side(report: EvaluationReport, name: str) -> Comparison:
    """What the report says of the generated or the held-out posts, in one."""
    alike = Measure(value=0, low=0, high=0)
    real = name == "heldout"
    return Comparison(
        texts=report.test_posts if real else report.samples,
        memorisation=getattr(report.memorisation, name),
        attribution=getattr(report.attribution, name),
        detectability=Detectability() if real else report.detectability,
        diversity=getattr(report.diversity, name),
        surface=Surface(**dict.fromkeys(Surface.model_fields, alike)) if real else report.surface,
        safety=getattr(report.safety, name),
    )
