"""Collect one author's posts: read the source, ask the opt-out list, write the raw dataset."""

import logging
import os
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from components.collect.archive.archive import author_of_archive, read_archive
from components.collect.collected import Collected
from components.collect.config import CollectConfig
from components.collect.posts import in_order
from components.collect.source_file import local_file
from components.collect.tables.table import read_table
from components.collect.x_api.checkpoint import forget
from components.contracts.artifacts import COLLECT_REPORT, POSTS, check_persona
from components.contracts.base import write_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectCounts, CollectReport
from components.registry.opt_outs import refuse_opted_out
from components.runtime.digests import file_sha256
from components.runtime.folders import whole_folder

log = logging.getLogger(__name__)


def run(config: CollectConfig, *, dataset_out: Path) -> CollectReport:
    """Collect the posts of the source that `config` names into the folder `dataset_out`.

    Raises:
        BadInputError: the source cannot be read or is not what it should be; nothing is written.
        HuggingtweetsError: the author opted out.
    """
    collected = read_source(config, dataset_out)
    check_persona(collected.author)
    _ask_opt_outs(config, collected.author, collected.account_id)
    posts = in_order(collected.posts)
    if not posts:
        raise BadInputError(f"{config.place} holds no posts of @{collected.author} to collect")
    report = _report(config, collected, posts)
    for warning in report.warnings:
        log.warning("%s: %s", config.place, warning)
    with whole_folder(dataset_out, holding=COLLECT_REPORT) as folder:
        write_rows(folder / POSTS, posts)
        if collected.picture:
            (folder / collected.picture.name).write_bytes(collected.picture.data)
        report.write(folder / COLLECT_REPORT)
    if config.handle is not None:
        forget(dataset_out)
    log.info("collected %d posts of @%s into %s", len(posts), report.author, dataset_out)
    return report


def read_source(config: CollectConfig, dataset: Path) -> Collected:
    """Read the source that `config` names; what is kept for a resumption lies beside `dataset`."""
    if config.handle is not None:
        from components.collect.x_api.source import read_timeline  # tweepy takes time to import

        _ask_opt_outs(config, config.handle, None)
        return read_timeline(config, dataset, os.environ, partial(_ask_opt_outs, config))
    with local_file(config.place) as path:
        _refuse_overwriting(path, dataset)
        read = read_archive if config.archive is not None else read_table
        return replace(read(path, config.place, config), sha256=file_sha256(path))


def author_of(config: CollectConfig) -> str:
    """The handle of the author whose posts `run` would collect: their folder's name.

    Raises:
        BadInputError: as `run` does, as far as the author goes.
    """
    if config.handle is not None:
        return config.handle
    with local_file(config.place) as path:
        if config.archive is not None:
            return check_persona(author_of_archive(path, config.place, config))
        return check_persona(read_table(path, config.place, config).author)


def _ask_opt_outs(config: CollectConfig, handle: str, account_id: str | None) -> None:
    """Refuse an author who is on the registry's opt-out list, if a registry is named."""
    if config.registry is not None:
        account_ids = [account_id] if account_id else []
        refuse_opted_out(config.registry, account_ids=account_ids, handles=[handle])


def _refuse_overwriting(path: Path, dataset: Path) -> None:
    """The folder is replaced as a whole: it must not be the one that the source lies in."""
    if path.resolve().is_relative_to(dataset.resolve()):
        raise BadInputError(
            f"{path} lies in {dataset}, which would be replaced; name another folder"
        )


def _report(config: CollectConfig, collected: Collected, posts: list[Post]) -> CollectReport:
    kinds = Counter(post.kind for post in posts)
    return CollectReport(
        author=collected.author,
        display_name=collected.display_name,
        account_id=collected.account_id,
        source=_source(config),
        consent=config.consent,
        terms=collected.terms,
        input_sha256=collected.sha256,
        counts=CollectCounts(
            downloaded=len(posts),
            reposts=kinds["repost"],
            replies=kinds["reply"],
            quotes=kinds["quote"],
        ),
        oldest=posts[0].created_at,
        newest=posts[-1].created_at,
        encoding=collected.encoding,
        damaged=collected.damaged,
        columns=collected.columns,
        picture=collected.picture.name if collected.picture else None,
        warnings=collected.warnings,
        notes=collected.notes,
    )


def _source(config: CollectConfig) -> str:
    """The kind of source and its name."""
    if config.handle is not None:
        return f"x-api:{config.handle}"
    return f"{'x-archive' if config.archive else 'table'}:{Path(config.place).name}"
