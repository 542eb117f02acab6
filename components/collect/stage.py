"""Collect one author's posts: read the source, ask the opt-out list, write the raw dataset."""

import logging
from collections import Counter
from pathlib import Path

from components.collect.archive.archive import author_of_archive, read_archive
from components.collect.collected import Collected
from components.collect.config import CollectConfig
from components.collect.posts import in_order
from components.collect.source_file import local_file
from components.collect.tables.table import read_table
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
    source = config.place
    with local_file(source) as path:
        _refuse_overwriting(path, dataset_out)
        digest = file_sha256(path)
        collected = read_source(path, source, config)
    check_persona(collected.author)
    ask_opt_outs(config, collected)
    posts = in_order(collected.posts)
    report = _report(config, collected, posts, digest)
    for warning in report.warnings:
        log.warning("%s: %s", source, warning)
    with whole_folder(dataset_out, holding=COLLECT_REPORT) as folder:
        write_rows(folder / POSTS, posts)
        if collected.picture:
            (folder / collected.picture.name).write_bytes(collected.picture.data)
        report.write(folder / COLLECT_REPORT)
    log.info("collected %d posts of @%s into %s", len(posts), report.author, dataset_out)
    return report


def read_source(path: Path, source: str, config: CollectConfig) -> Collected:
    """Read the file at `path` as what the configuration says it is."""
    if config.archive is not None:
        return read_archive(path, source, config)
    return read_table(path, source, config)


def author_of(config: CollectConfig) -> str:
    """The handle of the author whose posts `run` would collect: their folder's name.

    Raises:
        BadInputError: as `run` does, as far as the author goes.
    """
    with local_file(config.place) as path:
        if config.archive is not None:
            return check_persona(author_of_archive(path, config.place, config))
        return check_persona(read_table(path, config.place, config).author)


def ask_opt_outs(config: CollectConfig, collected: Collected) -> None:
    """Refuse an author who is on the registry's opt-out list, if a registry is named."""
    if config.registry is not None:
        account_ids = [collected.account_id] if collected.account_id else []
        refuse_opted_out(config.registry, account_ids=account_ids, handles=[collected.author])


def _refuse_overwriting(path: Path, dataset: Path) -> None:
    """The folder is replaced as a whole: it must not be the one that the source lies in."""
    if path.resolve().is_relative_to(dataset.resolve()):
        raise BadInputError(
            f"{path} lies in {dataset}, which would be replaced; name another folder"
        )


def _report(
    config: CollectConfig, collected: Collected, posts: list[Post], digest: str
) -> CollectReport:
    kinds = Counter(post.kind for post in posts)
    return CollectReport(
        author=collected.author,
        display_name=collected.display_name,
        account_id=collected.account_id,
        source=f"{'x-archive' if config.archive else 'table'}:{Path(config.place).name}",
        consent=config.consent,
        input_sha256=digest,
        counts=CollectCounts(
            downloaded=len(posts),
            reposts=kinds["repost"],
            replies=kinds["reply"],
            quotes=kinds["quote"],
        ),
        oldest=posts[0].created_at,
        newest=posts[-1].created_at,
        picture=collected.picture.name if collected.picture else None,
        warnings=collected.warnings,
        notes=collected.notes,
    )
