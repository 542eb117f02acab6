"""How long the judge takes on texts, apart from what models answer.

500 texts are judged against 20,000 posts; each costly measure stands beside the obvious way.
`python tests/bench/bench_judge.py [--quick] [--runs N]`
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sacrebleu.metrics import BLEU
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.made_posts import posts
from bench.report import Row, write_report

from components.contracts.base import write_rows
from components.contracts.posts import DatasetRow, Sample
from components.evaluate.answers import Answers
from components.evaluate.authors import Author, read_author, read_reference_authors
from components.evaluate.config import EvaluateConfig
from components.evaluate.evaluation import measure_and_judge
from components.evaluate.judge import Judge
from components.evaluate.measures.attribution import AuthorshipClassifier
from components.evaluate.measures.diversity import self_bleu
from components.evaluate.measures.markov import markov_texts
from components.evaluate.measures.memorisation import memorised
from components.evaluate.rules import rules_of
from components.text.masks import mask_entities
from components.text.ngrams import RunIndex, words_of

SECONDS = 10.0
"""What the whole may take."""
TEXTS = 500


def main() -> None:
    """Run the bench and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth, to see that it runs")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    size, count = (2_000, 50) if given.quick else (20_000, TEXTS)
    author = make_author(size)
    texts = markov_texts(author.train_texts, count, seed=7)
    others = read_reference_authors(None, author)
    strangers = [text for other in others for text in other.train_texts]
    pairs: dict[str, tuple[str, Callable[[], object], str | None, Callable[[], object] | None]] = {
        f"{count} texts, {size:,} posts": (
            "all measures", lambda: judged(author, others, texts), None, None,
        ),
        "n-gram index": (
            "build it, ask it", lambda: memorised(texts, RunIndex(author.train_texts), 0),
            "CountVectorizer", lambda: eight_grams(author.train_texts, texts),
        ),
        "attribution": (
            "fit it, ask it",
            lambda: AuthorshipClassifier(author.train_texts, strangers, 0).log_odds(texts),
            "TfidfVectorizer", lambda: attribution(author.train_texts, strangers, texts),
        ),
        "self-BLEU-4": (
            f"{count} texts", lambda: self_bleu([words_of(text) for text in texts]),
            "sacrebleu", lambda: bleu(texts),
        ),
    }  # fmt: skip
    rows = []
    for case, (metric, ours, name, peer) in pairs.items():
        took, others_took = [], []
        for _ in range(given.runs):
            took.append(seconds(ours))
            if peer:
                others_took.append(seconds(peer))
        rows.append(compare(case, metric, took, name, others_took))
    write_report("judge", rows)


def compare(case: str, metric: str, ours: list[float], name: str | None, peer: list[float]) -> Row:
    """The medians of both beside each other."""
    mine = statistics.median(ours)
    other = statistics.median(peer) if peer else None
    spread = (max(ours) - min(ours)) / mine
    limit = None if peer else SECONDS
    ratio = other / mine if other else None
    return Row(case, metric, "s", mine, name, other, ratio, len(ours), spread, limit)


def judged(author: Author, others: Sequence[Author], texts: Sequence[str]) -> object:
    """Everything that a judgement of given texts takes."""
    config = EvaluateConfig()
    answers = Answers([_sample(number, text) for number, text in enumerate(texts)])
    digests: dict[str, str | None] = {"dataset_sha256": "none"}
    judge = Judge(author, others, config.seed)
    return measure_and_judge(config, judge, answers, others, rules_of(config), digests)


def eight_grams(training: Sequence[str], texts: Sequence[str]) -> object:
    """Which texts share a run of eight words with a training post, by scikit-learn alone."""
    counter = CountVectorizer(analyzer="word", ngram_range=(8, 8), binary=True,
                              token_pattern=r"\w+(?:['’]\w+)*")  # fmt: skip
    counter.fit(training)
    return counter.transform(texts).sum(axis=1) > 0


def attribution(own: Sequence[str], others: Sequence[str], texts: Sequence[str]) -> object:
    """The same classifier on scikit-learn's own features."""
    masked = [mask_entities(text) for text in (*own, *others)]
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), lowercase=False, sublinear_tf=True
    )
    features = vectorizer.fit_transform(masked)
    labels = [1] * len(own) + [0] * len(others)
    model = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-3, max_iter=1000)
    model.fit(features, labels)
    return model.decision_function(vectorizer.transform([mask_entities(text) for text in texts]))


def bleu(texts: Sequence[str]) -> object:
    """Each text against all the others, by sacrebleu alone."""
    asked = BLEU(tokenize="none", effective_order=True)
    lines = [" ".join(words_of(text)) for text in texts]
    return [
        asked.sentence_score(line, lines[:at] + lines[at + 1 :]).score
        for at, line in enumerate(lines)
    ]


def make_author(size: int) -> Author:
    """An author of so many made-up posts, the newest tenth of them for the test."""
    rows = [
        DatasetRow(id=post.id, author="ann", created_at=post.created_at, text=post.text)
        for post in posts(size)
    ]
    newest = size // 10
    with TemporaryDirectory() as name:
        write_rows(Path(name) / "train.jsonl", rows[:-newest])
        write_rows(Path(name) / "test.jsonl", rows[-newest:])
        return read_author(Path(name))


def seconds(job: Callable[[], object]) -> float:
    """How long `job` takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def _sample(number: int, text: str) -> Sample:
    return Sample(prompt="", index=number, text=text, finish_reason="stop")


if __name__ == "__main__":
    main()
