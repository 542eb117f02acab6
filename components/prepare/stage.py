"""The prepare stage: clean, deduplicate, balance and split the posts of one or several authors."""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.contracts.artifacts import (
    PREPARE_REPORT,
    RAW_DATASET,
    SPLITS,
    TRAIN_DATASET,
    split_file,
)
from components.contracts.base import write_rows
from components.contracts.reports import PostCounts, PrepareReport, Splits
from components.prepare.checks import check_enough, warnings_about
from components.prepare.config import PrepareConfig
from components.prepare.counts import describe, post_counts
from components.prepare.languages import language_shares
from components.prepare.posts import CleanPost, Drop
from components.prepare.raw_datasets import AuthorPosts, read_raw_datasets
from components.prepare.selection import Selection, select
from components.prepare.splits import split_by_time, split_facts
from components.registry.post_hashes import write_post_hashes
from components.runtime.folders import keep_apart, whole_folder
from components.runtime.progress import progress
from components.tracking import handles, tracked

log = logging.getLogger(__name__)


def run(config: PrepareConfig, *, dataset: Sequence[Path], dataset_out: Path) -> PrepareReport:
    """Prepare the posts of the raw datasets in `dataset` and write the train dataset `dataset_out`.

    Raises:
        BadInputError: a folder is no raw dataset, or too little text remains.
    """
    keep_apart(dataset_out, dataset)
    sources = read_raw_datasets(dataset)
    selections = _select_all(sources, config)
    _balance(selections)
    splits = _split(selections)
    report = _report(config, sources, selections, splits)
    authors = handles(report.persona_authors)
    with (
        whole_folder(dataset_out, holding=PREPARE_REPORT) as folder,
        tracked("prepare", authors, config) as tracker,
    ):
        for raw in (raw for source in sources for raw in source.datasets):
            tracker.input(RAW_DATASET, raw.report.author, raw.folder)
        for split, posts in splits.items():
            write_rows(folder / split_file(split), (post.row() for post in posts))
        ids = (post.id for posts in splits.values() for post in posts)
        write_post_hashes(folder, ids, os.environ)
        tracker.output(TRAIN_DATASET, authors, folder, dataset_out)
        report = report.model_copy(update={"tracking": tracker.links()})
        report.write(folder / PREPARE_REPORT)
        tracker.summarise(report)
    for warning in report.warnings:
        log.warning("warning: %s", warning)
    log.info("%s; written to %s", describe(report.counts), dataset_out)
    return report


def _select_all(sources: Sequence[AuthorPosts], config: PrepareConfig) -> list[Selection]:
    with progress("prepare", sum(source.collected for source in sources)) as advance:
        return [select(source, config, advance) for source in sources]


def _balance(selections: Sequence[Selection]) -> None:
    """Give each author the same number of posts, so that the persona speaks for all of them."""
    share = min(len(selection.posts) for selection in selections)
    for selection in selections:
        selection.keep_newest(share)


def _split(selections: Sequence[Selection]) -> dict[str, list[CleanPost]]:
    """The posts of each split, oldest first; each author stands in each."""
    splits: dict[str, list[CleanPost]] = {split: [] for split in SPLITS}
    for selection in selections:
        for split, posts in zip(SPLITS, split_by_time(selection.posts), strict=True):
            splits[split] += posts
    return {split: sorted(posts, key=lambda post: post.age_key) for split, posts in splits.items()}


def _report(
    config: PrepareConfig,
    sources: Sequence[AuthorPosts],
    selections: Sequence[Selection],
    splits: Mapping[str, Sequence[CleanPost]],
) -> PrepareReport:
    per_author = {selection.author: selection.counts() for selection in selections}
    total = _total(selections)
    facts = Splits(**{split: split_facts(posts) for split, posts in splits.items()})
    characters = sum(part.characters for part in (facts.train, facts.validation, facts.test))
    check_enough(characters, per_author, total)
    kept = [post for selection in selections for post in selection.posts]
    is_default = config.preset == "default"
    return PrepareReport(
        persona_authors=tuple(per_author),
        preset=config.preset,
        keep_newlines=config.keep_newlines,
        counts=total,
        per_author=per_author,
        splits=facts,
        languages=language_shares(post.text for post in kept) if is_default else {},
        masked=_masked(kept) if is_default else {},
        trimmed=_trimmed(kept) if is_default else {},
        warnings=warnings_about(characters, per_author, {s.author: s.collected for s in sources}),
        collected=tuple(dataset.report for source in sources for dataset in source.datasets),
    )


def _total(selections: Sequence[Selection]) -> PostCounts:
    dropped = sum((selection.dropped for selection in selections), Counter[Drop]())
    return post_counts(dropped, sum(len(selection.posts) for selection in selections))


def _masked(posts: Sequence[CleanPost]) -> dict[str, int]:
    return {
        "email": sum(post.emails for post in posts),
        "phone": sum(post.phones for post in posts),
    }


def _trimmed(posts: Sequence[CleanPost]) -> dict[str, int]:
    counts = Counter(reason for post in posts for reason in post.trimmed)
    return {why.value: counts[why] for why in (Drop.MANUAL_RETWEET, Drop.QUOTED_LINES)}
