"""What the page quotes: samples, what they share with training posts, and the most typical ones."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from components.contracts.posts import Sample
from components.evaluate.judge import Judge
from components.text.ngrams import RunIndex, SharedRun, word_spans, words_of
from components.text.overlap import overlap

SHOWN_OF_A_PROMPT = 10
COPIES_SHOWN = 6
LEAST_SHARED = 5
"""Shorter runs of words are everybody's."""
TYPICAL_SHOWN = 5
LEAST_WORDS = 3
"""A post of fewer says too little to be typical of anybody."""

NOTHING = SharedRun(0, 0, None)

Parts = tuple[str, str, str]
"""A text in three: before the words that it shares, these words, and what follows."""


class ShownSample(NamedTuple):
    """A sample as the page shows it."""

    prompt: str
    parts: Parts
    """What the model wrote."""
    cut: bool
    """Whether the limit on tokens ended it."""
    copied: bool
    """Whether it repeats eight words or more of a training post, or all of one."""


class Copy(NamedTuple):
    """A generated text beside the training post that it shares most words with."""

    words: int
    """How many words in a row they share."""
    text: Parts
    post: Parts


class Typical(NamedTuple):
    """A generated text, and how it looks to who tells the author from others."""

    text: str
    chance: float
    """0 to 1: that it is the author's, if both were equally likely before."""


def samples_by_prompt(
    samples: Sequence[Sample], training: RunIndex
) -> dict[str, list[ShownSample]]:
    """At most ten samples of each prompt, those with a prompt first."""
    groups: dict[str, list[ShownSample]] = {}
    for sample in samples:
        group = groups.setdefault(sample.prompt, [])
        if len(group) < SHOWN_OF_A_PROMPT:
            group.append(_shown(sample, training))
    return groups


def longest_copies(texts: Sequence[str], judge: Judge) -> list[Copy]:
    """The texts that share the longest runs of words with a training post, the longest first."""
    posts = judge.author.train_texts
    runs = ((judge.training.longest(words_of(text)), text) for text in dict.fromkeys(texts))
    found = sorted(
        ((run, text) for run, text in runs if run.length >= LEAST_SHARED),
        key=lambda pair: -pair[0].length,
    )
    return [
        Copy(run.length, parts_of(text, run), _same_words(posts[run.post], text, run))
        for run, text in found[:COPIES_SHOWN]
        if run.post is not None
    ]


def typical(texts: Sequence[str], judge: Judge) -> tuple[list[Typical], list[Typical]]:
    """The generated texts that are most, and those that are least, like the author's."""
    long_enough = [text for text in dict.fromkeys(texts) if len(words_of(text)) >= LEAST_WORDS]
    if len(long_enough) < 2 * TYPICAL_SHOWN:
        return [], []
    chances = judge.attribution.chances(long_enough)
    ordered = [Typical(long_enough[at], float(chances[at])) for at in chances.argsort()]
    return ordered[: -TYPICAL_SHOWN - 1 : -1], ordered[:TYPICAL_SHOWN]


def parts_of(text: str, run: SharedRun) -> Parts:
    """The text around and within the words of `run`."""
    text = unicodedata.normalize("NFC", text)
    spans = word_spans(text)
    if not run.length or len(spans) < run.start + run.length:
        return text, "", ""
    start, end = spans[run.start][0], spans[run.start + run.length - 1][1]
    return text[:start], text[start:end], text[end:]


def _shown(sample: Sample, training: RunIndex) -> ShownSample:
    eight_gram, _, exact = overlap(sample.prompt + sample.text, training)
    copied = eight_gram or exact
    run = training.longest(words_of(sample.text)) if copied else NOTHING
    parts = parts_of(sample.text, run if exact or run.length >= LEAST_SHARED else NOTHING)
    return ShownSample(sample.prompt, parts, sample.finish_reason == "length", copied)


def _same_words(post: str, text: str, run: SharedRun) -> Parts:
    """The post, with the words that `text` shares with it in the middle."""
    shared = words_of(text)[run.start : run.start + run.length]
    words = words_of(post)
    starts = range(len(words) - run.length + 1)
    start = next((at for at in starts if words[at : at + run.length] == shared), None)
    return parts_of(post, NOTHING if start is None else SharedRun(start, run.length, None))
