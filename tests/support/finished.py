"""The folders that earlier stages leave behind, made up: nothing in them is by a real person."""

import random
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from components.contracts import artifacts
from components.contracts.base import write_rows
from components.contracts.evaluation import (
    Attribution,
    AttributionScores,
    BitsPerByte,
    Condition,
    Detectability,
    Diversity,
    DiversityScores,
    EvaluationReport,
    Gate,
    Measure,
    Memorisation,
    MemorisationScores,
    Safety,
    SafetyScores,
    Surface,
)
from components.contracts.posts import DatasetRow, Sample
from components.contracts.reports import (
    BaseModelFacts,
    CollectCounts,
    CollectReport,
    CurvePoint,
    FetchReport,
    PostCounts,
    PrepareReport,
    SplitFacts,
    Splits,
    TrainReport,
)
from components.lm.provenance import finetuned_sha256
from components.runtime.digests import folder_sha256

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = (
    "the",
    "quiet",
    "garden",
    "keeps",
    "its",
    "own",
    "hours",
    "we",
    "bring",
    "tea",
    "to",
    "rain",
)
SIZES = {"train": 40, "validation": 5, "test": 6}


def make_dataset(
    folder: Path, authors: Sequence[str] = ("gardener",), display_names: Sequence[str | None] = ()
) -> PrepareReport:
    """A train-dataset of posts of made-up words."""
    folder.mkdir(parents=True)
    chance = random.Random(3)
    for split, size in SIZES.items():
        write_rows(folder / artifacts.split_file(split), _rows(split, size, authors, chance))
    report = make_prepare_report(authors, display_names)
    report.write(folder / artifacts.PREPARE_REPORT)
    return report


def make_prepare_report(
    authors: Sequence[str], display_names: Sequence[str | None] = ()
) -> PrepareReport:
    """The report of such a dataset."""
    names = [*display_names, *[None] * len(authors)]
    kept = sum(SIZES.values())
    each = PostCounts(
        downloaded=kept + 21, retweets=9, short=5, empty=3, duplicates=2, truncated=1, kept=kept,
        other={"balance": 1},
    )  # fmt: skip
    total = {
        name: getattr(each, name) * len(authors)
        for name in PostCounts.model_fields
        if name != "other"
    }
    return PrepareReport(
        persona_authors=tuple(sorted(authors)),
        preset="default",
        counts=PostCounts(**total, other={"balance": len(authors)}),
        per_author=dict.fromkeys(authors, each),
        splits=Splits(**{split: _facts(size) for split, size in SIZES.items()}),
        languages={"en": 0.9, "fr": 0.08, "de": 0.02},
        collected=tuple(_collected(*pair) for pair in zip(authors, names, strict=False)),
    )


def make_base(folder: Path, weights: Path, identity: str = "made-up/tiny") -> FetchReport:
    """A pretrained-model with the files of `weights`."""
    shutil.copytree(weights, folder)
    report = FetchReport(
        id=identity, revision="abc123", sha256=folder_sha256(folder), source="hub",
        license="Apache-2.0", parameters=30_000, architecture="GPT2LMHeadModel",
    )  # fmt: skip
    report.write(folder / artifacts.FETCH_REPORT)
    return report


def make_model(folder: Path, weights: Path, dataset: Path, base: FetchReport) -> TrainReport:
    """A finetuned-model with the files of `weights`, said to be trained on `dataset`."""
    shutil.copytree(weights, folder)
    report = TrainReport(
        tokens=12_345, seconds=6.5, tokens_per_second=1_899.2, best_validation_loss=3.25,
        best_step=20,
        curve=(
            CurvePoint(step=0, train_loss=None, validation_loss=5.0),
            CurvePoint(step=10, train_loss=4.5, validation_loss=4.0),
            CurvePoint(step=20, train_loss=3.5, validation_loss=3.25),
            CurvePoint(step=30, train_loss=3.0, validation_loss=3.5),
        ),
        hyperparameters={"learning_rate": 1e-4, "rounds": 4, "method": "full", "warm_up": None},
        base_model=BaseModelFacts(id=base.id, revision=base.revision, sha256=base.sha256),
        seed=0, device="a processor", dtype="fp32", dataset_sha256=folder_sha256(dataset),
        versions={"python": "3.11", "torch": "2.13.0"},
    )  # fmt: skip
    report.write(folder / artifacts.TRAIN_REPORT)
    return report


class Folders(NamedTuple):
    """The folders of a finished run, by the names of the stages' flags."""

    dataset: Path
    model: Path
    evaluation: Path
    base_model: Path


SAMPLES = (
    Sample(prompt="My dream is", index=0, text=" a lamp that reads to me", finish_reason="stop"),
    Sample(prompt="I like", index=0, text=" rivers, mostly", finish_reason="length"),
    Sample(prompt="", index=0, text="nobody asked", finish_reason="stop"),
)


def make_finished(
    place: Path,
    weights: Path,
    authors: Sequence[str] = ("gardener",),
    display_names: Sequence[str | None] = (),
    samples: Sequence[Sample] = SAMPLES,
    adapter: Path | None = None,
) -> Folders:
    """The folders of a finished run; the model and its base have the files of `weights`.

    With an `adapter` of these weights the model is that.
    """
    folders = Folders(*(place / name for name in Folders._fields))
    make_dataset(folders.dataset, authors, display_names)
    base = make_base(folders.base_model, weights)
    make_model(folders.model, adapter or weights, folders.dataset, base)
    folders.evaluation.mkdir()
    report = make_evaluation_report(folder_sha256(folders.dataset), finetuned_sha256(folders.model))
    report.write(folders.evaluation / artifacts.EVALUATION_REPORT)
    write_rows(folders.evaluation / artifacts.SAMPLES, samples)
    (folders.evaluation / artifacts.REPORT_PAGE).write_text("<p>it quotes posts</p>")
    (folders.evaluation / artifacts.PUBLIC_PAGE).write_text("<p>it quotes nobody</p>")
    return folders


def make_evaluation_report(
    dataset_sha256: str = "d", model_sha256: str = "m", *, passed: bool = True
) -> EvaluationReport:
    """An evaluation with a figure of its own in every place; its gate `passed` or not."""
    distances = {name: number / 8 for number, name in enumerate(Surface.model_fields, 1)}
    return EvaluationReport(
        formats={"fp32": 2.0, "bf16": 2.001, "int8": 2.01},
        dataset_sha256=dataset_sha256, model_sha256=model_sha256, seed=0,
        sampling={"temperature": 1.0, "top_p": 0.95, "max_tokens": 60}, samples=500, test_posts=6,
        bits_per_byte=BitsPerByte(
            finetuned=Measure(value=2.25, low=2.125, high=2.375),
            base=Measure(value=3.5, low=3.375, high=3.625),
            byte5=Measure(value=2.75, low=2.625, high=2.875),
        ),
        memorisation=Memorisation(
            generated=_memorised(0.012, 0.034, 0.002), heldout=_memorised(0.006, 0.028, 0.0)
        ),
        attribution=Attribution(
            generated=AttributionScores(post=_around(0.81)),
            heldout=AttributionScores(post=_around(0.89)),
        ),
        detectability=Detectability(auc=_around(0.63)),
        diversity=Diversity(
            generated=DiversityScores(distinct_2=_around(0.87), self_bleu_4=_around(0.21)),
            heldout=DiversityScores(distinct_2=_around(0.92), self_bleu_4=_around(0.13)),
        ),
        surface=Surface(**{name: _around(value) for name, value in distances.items()}),
        safety=Safety(
            generated=SafetyScores(
                personal_data=_around(0.004), third_party_mentions=_around(0.31)
            ),
            heldout=SafetyScores(personal_data=_around(0.0), third_party_mentions=_around(0.29)),
        ),
        comparisons={},
        gate=Gate(passed=passed, conditions=(_condition(passed),)),
    )  # fmt: skip


def _condition(passed: bool) -> Condition:
    said = "passed, being 0.2% at worst" if passed else "failed, being 7.2% at worst"
    return Condition(
        name="It hardly ever repeats a training post", passed=passed,
        value=0.002 if passed else 0.072, bound=0.01,
        sentence=f"It hardly ever repeats a training post: {said} where it must be at most 1.0%.",
    )  # fmt: skip


def _memorised(*shares: float) -> MemorisationScores:
    measures = [_around(share) for share in shares]
    return MemorisationScores(eight_gram=measures[0], half=measures[1], exact=measures[2])


def _around(value: float) -> Measure:
    return Measure(value=value, low=value / 2, high=value * 2)


def _rows(split: str, size: int, authors: Sequence[str], chance: random.Random) -> list[DatasetRow]:
    return [
        DatasetRow(
            id=f"{split}{number}",
            author=authors[number % len(authors)],
            created_at=START + timedelta(hours=number),
            text=" ".join(chance.choices(WORDS, k=chance.randint(4, 14))),
        )
        for number in range(size)
    ]


def _facts(size: int) -> SplitFacts:
    return SplitFacts(posts=size, characters=40 * size, oldest=START, newest=START)


def _collected(author: str, display_name: str | None) -> CollectReport:
    return CollectReport(
        author=author, display_name=display_name, account_id="1", source="table:made-up.csv",
        consent="fictional", input_sha256="0" * 64, oldest=START, newest=START,
        counts=CollectCounts(downloaded=72, reposts=9, replies=0, quotes=0),
    )  # fmt: skip
