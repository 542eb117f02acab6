"""The judge: every measure that can be taken on texts, whoever wrote them."""

from collections.abc import Sequence
from typing import NamedTuple

from components.contracts.evaluation import (
    AttributionScores,
    Comparison,
    DiversityScores,
    MemorisationScores,
    SafetyScores,
)
from components.evaluate.authors import Author
from components.evaluate.measures.attribution import AuthorshipClassifier, attributed
from components.evaluate.measures.detectability import detectability
from components.evaluate.measures.diversity import diverse
from components.evaluate.measures.markov import markov_texts
from components.evaluate.measures.memorisation import memorised
from components.evaluate.measures.safety import safe
from components.evaluate.measures.surface import surface
from components.text.ngrams import RunIndex, words_of

MOST_COMPARED = 500
"""Texts of a floor or a ceiling; more would not make it surer by much."""
DISTINCT_WORDS = 2000


class Alone(NamedTuple):
    """What is measured on texts by themselves, and not as a distance from real posts."""

    memorisation: MemorisationScores
    attribution: AttributionScores
    diversity: DiversityScores
    safety: SafetyScores


class Judge:
    """Measures texts against the posts of `author`, and tells these from those of `others`."""

    def __init__(self, author: Author, others: Sequence[Author], seed: int) -> None:
        self.author, self.seed = author, seed
        self.real = author.test_texts
        self.some_real = evenly(self.real)
        self.training = RunIndex(author.train_texts)
        strangers = [text for other in others for text in other.train_texts]
        self.attribution = AuthorshipClassifier(author.train_texts, strangers, seed)
        self.strangers = evenly([text for other in others for text in other.test_texts])

    def measure(self, texts: Sequence[str], beside: Sequence[str]) -> Comparison:
        """All measures of `texts`, at least one; the arguments are those of `measure_alone`."""
        return Comparison(
            texts=len(texts),
            detectability=detectability(self.some_real, texts, self.seed),
            surface=surface(texts, self.some_real, self.seed),
            **self.measure_alone(texts, beside)._asdict(),
        )

    def measure_alone(self, texts: Sequence[str], beside: Sequence[str]) -> Alone:
        """The measures that make sense of real posts too.

        Args:
            texts: the texts.
            beside: those that they are compared with: diversity is measured on as much text as
                these and the real posts have.
        """
        words = min(_words(beside), _words(self.real), DISTINCT_WORDS)
        compared = min(len(beside), len(self.real), MOST_COMPARED)
        return Alone(
            memorisation=memorised(texts, self.training, self.seed),
            attribution=attributed(self.attribution.log_odds(texts), self.seed),
            diversity=diverse(texts, tokens=words, compared=compared, seed=self.seed),
            safety=safe(texts, self.author.names, self.seed),
        )

    def comparisons(self, generated: Sequence[str], base: Sequence[str]) -> dict[str, Comparison]:
        """Floors and ceilings for `generated`; `base` is what the base model wrote, if anything."""
        training = self.author.train_texts
        count = min(len(generated), MOST_COMPARED)
        compared = {
            "base": base,
            "others": self.strangers,
            "markov": markov_texts(training, count, self.seed),
            "copies": evenly(training, count),
        }
        return {
            name: self.measure(texts, beside=generated) for name, texts in compared.items() if texts
        }


def evenly(texts: Sequence[str], count: int = MOST_COMPARED) -> list[str]:
    """At most `count` of `texts`, spread evenly over them."""
    step = max(1.0, len(texts) / count)
    return [texts[int(number * step)] for number in range(min(count, len(texts)))]


def _words(texts: Sequence[str]) -> int:
    return sum(len(words_of(text)) for text in texts)
