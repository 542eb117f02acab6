"""The judge is fed texts whose origin is known, and has to rank and flag them rightly."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from support.real_tables import TABLES

from components.collect.config import TableSource
from components.collect.stage import run as collect
from components.contracts.base import read_rows
from components.contracts.evaluation import Comparison, EvaluationReport
from components.contracts.posts import DatasetRow
from components.evaluate.authors import read_author, read_reference_authors
from components.evaluate.config import EvaluateConfig
from components.evaluate.judge import Judge, evenly
from components.evaluate.measures.byte_model import ByteModel
from components.evaluate.measures.markov import markov_texts
from components.evaluate.stage import judge
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare

pytestmark = pytest.mark.real_posts

AUTHORS = tuple(TABLES)
SIZE = 300
FEW = 20
"""Posts that a model of millions of parameters is asked about."""
EDITED = "tomorrow"
"""The word that stands in the place of others in an edited copy."""


class Known(NamedTuple):
    """An author, and the figures of texts whose origin is known."""

    judge: Judge
    figures: dict[str, Comparison]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory, posts_folder: Path) -> Path:
    """A folder with the train-dataset of each author, as users would prepare them."""
    place = tmp_path_factory.mktemp("real")
    for author, table in TABLES.items():
        given = {"table": str(posts_folder / table), "author": author, "consent": "public-figure"}
        collect(TableSource(**given), dataset_out=place / "raw" / author)
        prepare(
            PrepareConfig(),
            dataset=[place / "raw" / author],
            dataset_out=place / "authors" / author,
        )
    return place / "authors"


@pytest.fixture(scope="module", params=AUTHORS)
def known(request: pytest.FixtureRequest, datasets: Path) -> Known:
    author = read_author(datasets / request.param)
    asked = Judge(author, read_reference_authors(datasets, author), seed=0)
    texts = known_texts(datasets, request.param)
    figures = {name: asked.measure(some, beside=texts["heldout"]) for name, some in texts.items()}
    return Known(asked, figures)


def known_texts(datasets: Path, name: str) -> dict[str, list[str]]:
    """Texts by what they are; `heldout` is of the validation split, which the judge never saw."""
    author = read_author(datasets / name)
    training = author.train_texts
    other = read_author(datasets / AUTHORS[AUTHORS.index(name) - 1])
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz      ,.!"
    validation = read_rows(datasets / name / "validation.jsonl", DatasetRow)
    return {
        "heldout": [row.text for row in validation],
        "copies": evenly(training, SIZE),
        "edited": [edited(text) for text in evenly(training, SIZE)],
        "other": evenly(other.train_texts, SIZE),
        "markov": markov_texts(training, SIZE, seed=1),
        "noise": ["".join(chance.choices(letters, k=90)) for _ in range(SIZE)],
        "repeated": [training[0]] * SIZE,
    }


def edited(text: str) -> str:
    """The text with two of its words changed: one early on, and the last."""
    words = text.split()
    for at in (len(words) // 5, len(words) - 1):
        words[at] = EDITED
    return " ".join(words)


def order(known: Known, read: Callable[[Comparison], float]) -> list[str]:
    """The origins, the highest figure first."""
    return sorted(known.figures, key=lambda name: -read(known.figures[name]))


def test_the_authors_own_posts_sound_like_the_author_and_no_others_do(known: Known) -> None:
    shares = {name: one.attribution.post.value for name, one in known.figures.items()}
    assert shares["heldout"] > 0.75
    assert shares["other"] < 0.35 < shares["heldout"] - shares["other"]
    assert shares["noise"] < 0.1
    assert min(shares["copies"], shares["markov"]) > 0.75  # style alone would reward a parrot
    bundles = {name: one.attribution.bundle for name, one in known.figures.items()}
    assert bundles["heldout"] is not None
    assert bundles["heldout"].value > 0.9


def test_copies_are_found_even_with_a_few_words_changed(known: Known) -> None:
    figures = {name: one.memorisation for name, one in known.figures.items()}
    assert figures["copies"].exact.value == 1
    assert figures["edited"].exact.value < 0.02
    assert figures["edited"].half.low > figures["heldout"].half.high + 0.3
    assert figures["markov"].eight_gram.low > figures["heldout"].eight_gram.high + 0.02
    for honest in ("heldout", "other", "noise"):
        assert figures[honest].exact.value < 0.01
        assert figures[honest].eight_gram.value < 0.15  # some authors repeat themselves
    assert order(known, lambda one: one.memorisation.half.value)[0] in ("copies", "repeated")


def test_real_posts_are_hardest_to_tell_from_real_posts(known: Known) -> None:
    aucs = {name: one.detectability.auc for name, one in known.figures.items()}
    real, other, noise = (aucs[name] for name in ("heldout", "other", "noise"))
    assert real is not None
    assert other is not None
    assert noise is not None
    assert real.value < 0.8  # topics drift from the validation posts to the newest
    assert other.low > real.high
    assert noise.low > 0.98


def test_who_says_one_thing_only_is_not_diverse(known: Known) -> None:
    diverse = {name: one.diversity for name, one in known.figures.items()}
    assert diverse["repeated"].distinct_2.value < 0.1 < 0.6 < diverse["heldout"].distinct_2.value
    assert diverse["repeated"].self_bleu_4.value > 0.99
    assert diverse["heldout"].self_bleu_4.value < 0.5


def test_the_surface_of_other_texts_is_further_away(known: Known) -> None:
    far = {name: one.surface.trigrams.value for name, one in known.figures.items()}
    assert far["heldout"] < far["other"] < far["noise"]


def test_another_authors_posts_are_harder_to_predict_byte_by_byte(known: Known) -> None:
    model = ByteModel(known.judge.author.train_texts)

    def bits_per_byte(texts: Sequence[str]) -> float:
        return sum(model.post_bits(texts)) / sum(len(text.encode()) for text in texts)

    own, others = bits_per_byte(known.judge.real), bits_per_byte(known.judge.strangers)
    assert 1.8 < own < 3.0
    assert own + 0.4 < others < 4.5


@pytest.mark.parametrize(
    ("origin", "failing"),
    [
        ("heldout", []),
        ("copies", ["shares eight words", "hardly ever repeats"]),
        ("edited", ["shares eight words"]),
        ("other", ["are taken for the author's"]),
        ("markov", ["shares eight words", "hardly ever repeats"]),
        ("noise", ["are taken for the author's", "classifier does not tell"]),
        ("repeated", ["hardly ever repeats", "differ from one another"]),
    ],
)
def test_the_gate_stops_what_is_not_good(
    datasets: Path, tmp_path: Path, origin: str, failing: list[str]
) -> None:
    texts = known_texts(datasets, "drob")[origin]
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(_line(text) for text in texts), encoding="utf-8")
    report = judge(
        EvaluateConfig(),
        dataset=datasets / "drob",
        out=tmp_path / "judged",
        samples=file,
        reference_authors=datasets,
    )
    failed = [one.name for one in report.gate.conditions if one.passed is False]
    assert report.gate.passed is (not failing)
    assert bool(failed) is bool(failing)
    for words in failing:
        assert any(words in name for name in failed), failed
    assert {one.name for one in report.gate.conditions if one.passed is None} >= {
        one.name for one in report.gate.conditions if "predicts" in one.name
    }


@pytest.mark.base_model
def test_the_base_model_is_no_better_than_itself_and_not_the_author(
    datasets: Path, tmp_path: Path
) -> None:
    base, few = tmp_path / "base", tmp_path / "few"
    fetch(FetchConfig(base_model="bundled"), model_out=base)
    shutil.copytree(datasets / "drob", few)
    tests = (few / "test.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (few / "test.jsonl").write_text("".join(evenly(tests, FEW)), encoding="utf-8")
    report: EvaluationReport = judge(
        EvaluateConfig(samples=48, prompts=("I like",), max_tokens=40),
        dataset=few,
        out=tmp_path / "judged",
        model=base,
        base_model=base,
        reference_authors=datasets,
    )
    bits = report.bits_per_byte
    assert bits.finetuned == bits.base
    assert not report.gate.passed
    (better,) = (one for one in report.gate.conditions if "than its base model" in one.name)
    assert better.passed is False
    assert report.attribution.generated.post.high < report.attribution.heldout.post.low


def _line(text: str) -> str:
    return json.dumps({"text": text}, ensure_ascii=False) + "\n"
