"""Judges and pages of made-up posts."""

from collections.abc import Sequence
from pathlib import Path

from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import DatasetRow, Sample
from components.contracts.reports import TrainReport
from components.evaluate.answers import Answers
from components.evaluate.authors import Author, read_author, read_reference_authors
from components.evaluate.judge import Judge
from components.evaluate.page.story import PageContent
from support.finished import START, make_dataset, make_evaluation_report


def make_judge(posts: Sequence[str]) -> Judge:
    """A judge of the author of these posts, the last of which nobody trained on."""
    rows = [
        DatasetRow(id=str(number), author="ann", created_at=START, text=text)
        for number, text in enumerate(posts)
    ]
    author = Author(("ann",), train=rows, test=rows[-1:])
    return Judge(author, read_reference_authors(None, author), seed=0)


def make_story(
    folder: Path,
    samples: Sequence[Sample],
    *,
    display_name: str | None = None,
    trained: TrainReport | None = None,
    report: EvaluationReport | None = None,
) -> PageContent:
    """What a page tells of, about the author of a dataset that is made in `folder`."""
    prepared = make_dataset(folder, display_names=[display_name])
    author = read_author(folder)
    judge = Judge(author, read_reference_authors(None, author), seed=0)
    answers = Answers(list(samples))
    return PageContent(report or make_evaluation_report(), prepared, trained, judge, answers)
