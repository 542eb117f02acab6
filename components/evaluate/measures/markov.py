"""A Markov chain of words: it sounds like the author because it copies."""

import random
from collections.abc import Sequence

ORDER = 2
LONGEST = 120
"""Words; a chain may run in circles."""


def markov_texts(training: Sequence[str], count: int, seed: int) -> list[str]:
    """`count` texts in which every three words in a row stand in a training post."""
    follows: dict[tuple[str, ...], list[str]] = {}
    for text in training:
        words = [*[""] * ORDER, *text.split(), ""]
        for at in range(ORDER, len(words)):
            follows.setdefault(tuple(words[at - ORDER : at]), []).append(words[at])
    chance = random.Random(seed)
    return [_walk(follows, chance) for _ in range(count)]


def _walk(follows: dict[tuple[str, ...], list[str]], chance: random.Random) -> str:
    words = [""] * ORDER
    while len(words) < LONGEST:
        word = chance.choice(follows[tuple(words[-ORDER:])])
        if not word:
            break
        words.append(word)
    return " ".join(words[ORDER:])
