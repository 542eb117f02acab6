"""Collect one author's posts: read the source, ask the opt-out list, write the raw dataset."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from components.collect.archive.archive import mind_circles
from components.collect.bluesky_names import is_did
from components.collect.collected import Collected
from components.collect.config import (
    AccountSource,
    ArchiveSource,
    BlueskySource,
    MastodonSource,
    Source,
)
from components.collect.damage import damage_warning
from components.collect.earlier import Earlier
from components.collect.opened import (
    OpenAccount,
    OpenFile,
    OpenSource,
    ask_opt_outs,
    open_source,
)
from components.collect.source_file import LocalFiles, source_name
from components.collect.spool import Facts, Spool
from components.collect.web.checkpoint import forget_answers
from components.contracts.artifacts import COLLECT_REPORT, POSTS, RAW_DATASET, check_persona
from components.contracts.base import write_rows
from components.contracts.errors import BadInputError
from components.contracts.reports import CollectCounts, CollectReport
from components.registry.post_hashes import post_keys, write_post_hashes
from components.registry.stale import read_stale
from components.runtime.folders import keep_apart, whole_folder
from components.storage import open_store
from components.tracking import tracked

log = logging.getLogger(__name__)

MOST_LINES = 5
"""How many lines are said of what is wrong with a source."""


def run(config: Source, *, dataset_out: Path, since: Path | str | None = None) -> CollectReport:
    """Collect the posts of the source that `config` names; see `collect`."""
    with LocalFiles() as files:
        return collect(open_source(config, files), dataset_out=dataset_out, since=since)


def collect(
    source: OpenSource, *, dataset_out: Path, since: Path | str | None = None
) -> CollectReport:
    """Collect the posts of the source into the folder `dataset_out`.

    Args:
        source: the source, still open when this ends.
        dataset_out: the raw-dataset to write.
        since: an earlier raw-dataset of the same author: what is new comes on top of it, and what
            the source says is no more goes. It may be `dataset_out` itself.

    Raises:
        BadInputError: the source cannot be read or is not what it should be; nothing is written.
        HuggingtweetsError: the author opted out.
    """
    config = source.config
    earlier = Earlier.read(Path(since)) if since else None
    with Spool() as spool:
        if isinstance(source, OpenFile):
            _refuse_overwriting(source.path, dataset_out)
            collected = source.read(spool)
        else:
            collected = _read_account(source, dataset_out, earlier, spool)
        check_persona(collected.author)
        ask_opt_outs(config, collected.handles, collected.accounts)
        if earlier:
            collected = earlier.merge_into(spool, collected, config.place)
        if config.registry:
            collected = _without_forgotten(spool, collected, config.registry)
        if isinstance(config, ArchiveSource):
            notes, warnings = mind_circles(spool, exclude=config.exclude_circle_window)
            collected = collected.saying(notes, warnings)
        report = _report(config, collected, spool.facts())
        for warning in _shown(report.warnings):
            log.warning("%s: %s", config.place, warning)
        with (
            whole_folder(dataset_out, holding=COLLECT_REPORT) as folder,
            tracked("collect", report.author, config) as tracker,
        ):
            write_rows(folder / POSTS, spool.rows(collected.author))
            ids = (post_id for (post_id,) in spool.query("SELECT id FROM posts"))
            write_post_hashes(folder, ids, os.environ)
            if collected.picture:
                (folder / collected.picture.name).write_bytes(collected.picture.data)
            report.write(folder / COLLECT_REPORT)
            tracker.output(RAW_DATASET, report.author, folder, dataset_out)
            tracker.summarise(report)
    if isinstance(config, AccountSource):
        forget_answers(dataset_out)
    log.info(
        "collected %d posts of @%s into %s", report.counts.downloaded, report.author, dataset_out
    )
    return report


def _without_forgotten(spool: Spool, collected: Collected, registry_uri: str) -> Collected:
    """Leave out what was forgotten at its author's wish, though the source may hold it still.

    Raises:
        BadInputError: the registry's list cannot be read.
    """
    keys = post_keys(os.environ)
    forgotten = frozenset(read_stale(open_store(registry_uri)).posts) if keys else frozenset()
    if not forgotten:
        return collected
    found = [
        post_id
        for (post_id,) in spool.query("SELECT DISTINCT id FROM posts")
        if any(key.hash(post_id) in forgotten for key in keys)
    ]
    gone = sum(spool.run("DELETE FROM posts WHERE id = ?", (post_id,)) for post_id in found)
    return collected.saying({"forgotten": gone}) if gone else collected


def _read_account(
    source: OpenAccount, dataset: Path, earlier: Earlier | None, spool: Spool
) -> Collected:
    """Put the posts of an account into the spool; clients take time to import, so each when asked.

    Where there is an earlier dataset, newer posts are asked for alone. What is kept for a
    resumption lies beside `dataset`.
    """
    config = source.config

    def permit(handle: str, account_id: str | None) -> None:
        ask_opt_outs(config, [handle], [account_id] if account_id else [])
        if earlier:
            earlier.check_author(handle, account_id)

    if is_did(config.account):
        ask_opt_outs(config, [config.account], [config.account])
    else:
        permit(source.author, None)
    newest = earlier.report.newest if earlier else None
    if isinstance(config, BlueskySource):
        from components.collect.bluesky.source import read_feed

        return read_feed(config, dataset, newest, permit, spool)
    if isinstance(config, MastodonSource):
        from components.collect.mastodon.source import read_statuses

        return read_statuses(config, dataset, newest, permit, spool)
    from components.collect.x_api.source import read_timeline

    if earlier:
        config = earlier.only_newer(config)
    return read_timeline(config, dataset, os.environ, permit, spool)


def _refuse_overwriting(path: Path, dataset: Path) -> None:
    """The folder is replaced as a whole: it must not be the one that the source lies in."""
    if path.resolve().is_relative_to(dataset.resolve()):
        raise BadInputError(
            f"{path} lies in {dataset}, which would be replaced; name another folder"
        )
    if path.is_dir():
        keep_apart(dataset, [path])


def _report(config: Source, collected: Collected, facts: Facts) -> CollectReport:
    """The report.

    Raises:
        BadInputError: there are no posts.
    """
    if not facts.posts:
        raise BadInputError(f"{config.place} holds no posts of @{collected.author} to collect")
    assert collected.sha256 is not None  # a file's was found when it was read
    return CollectReport(
        author=collected.author,
        display_name=collected.display_name,
        account_id=collected.account_id,
        source=source_of(config),
        consent=config.consent,
        terms=collected.terms,
        input_sha256=collected.sha256,
        encoding=collected.encoding,
        damaged=facts.damaged,
        columns=collected.columns,
        asked=_asked(config),
        counts=CollectCounts(
            downloaded=facts.posts,
            reposts=facts.reposts,
            replies=facts.replies,
            quotes=facts.quotes,
        ),
        oldest=facts.oldest,
        newest=facts.newest,
        picture=collected.picture.name if collected.picture else None,
        warnings=(*collected.warnings, *damage_warning(facts.damaged, facts.posts)),
        notes=collected.notes,
    )


def _asked(config: Source) -> dict[str, str | bool]:
    """What was chosen of what a file holds."""
    chosen = {name: getattr(config, name, None) for name in ("author", "format", "date_order")}
    said = {name: value for name, value in chosen.items() if value is not None}
    return {**said, "exclude_circle_window": getattr(config, "exclude_circle_window", False)}


def _shown(warnings: Sequence[str]) -> Sequence[str]:
    """At most `MOST_LINES` sentences: all warnings, or the first and how many more there are."""
    if len(warnings) <= MOST_LINES:
        return warnings
    first = warnings[: MOST_LINES - 1]
    return (*first, f"{len(warnings) - len(first)} more warnings are in {COLLECT_REPORT}")


def source_of(config: Source) -> str:
    """The kind of source and its name, as `table:posts.csv`: what its report calls it."""
    name = config.account if isinstance(config, AccountSource) else source_name(config.place)
    return f"{config.called}:{name}"
