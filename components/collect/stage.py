"""Collect one author's posts: read the source, ask the opt-out list, write the raw dataset."""

import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from components.collect.archive.archive import author_of_archive, mind_circles, read_archive
from components.collect.archive.contents import source_sha256
from components.collect.bluesky_names import is_did
from components.collect.collected import Collected
from components.collect.config import (
    AccountSource,
    ArchiveSource,
    BlueskySource,
    CollectConfig,
    FileSource,
    MastodonSource,
    Source,
    XSource,
    author_of_address,
)
from components.collect.damage import damage_warning
from components.collect.earlier import Earlier
from components.collect.source_file import local_file, source_name
from components.collect.spool import Facts, Spool
from components.collect.tables.table import author_of_table, read_table
from components.collect.web.checkpoint import forget
from components.contracts.artifacts import COLLECT_REPORT, POSTS, RAW_DATASET, check_persona
from components.contracts.errors import BadInputError
from components.contracts.people import People
from components.contracts.reports import CollectCounts, CollectReport
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.runtime.folders import keep_apart, whole_folder
from components.tracking import tracked

log = logging.getLogger(__name__)

MOST_LINES = 5
"""How many lines are said of what is wrong with a source."""


def run(config: Source, *, dataset_out: Path, since: Path | str | None = None) -> CollectReport:
    """Collect the posts of the source that `config` names into the folder `dataset_out`.

    Args:
        config: what can be chosen.
        dataset_out: the raw-dataset to write.
        since: an earlier raw-dataset of the same author: what is new comes on top of it, and what
            the source says is no more goes. It may be `dataset_out` itself.

    Raises:
        BadInputError: the source cannot be read or is not what it should be; nothing is written.
        HuggingtweetsError: the author opted out.
    """
    earlier = Earlier.read(Path(since)) if since else None
    with Spool() as spool:
        collected = read_source(config, dataset_out, earlier, spool)
        check_persona(collected.author)
        _ask_opt_outs(config, collected.handles, collected.accounts)
        if earlier:
            collected = earlier.merge_into(spool, collected, config.place)
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
            with (folder / POSTS).open("w", encoding="utf-8") as file:
                file.writelines(spool.lines(collected.author))
            if collected.picture:
                (folder / collected.picture.name).write_bytes(collected.picture.data)
            report.write(folder / COLLECT_REPORT)
            tracker.output(RAW_DATASET, report.author, folder, dataset_out)
            tracker.summarise(report)
    if isinstance(config, AccountSource):
        forget(dataset_out)
    log.info(
        "collected %d posts of @%s into %s", report.counts.downloaded, report.author, dataset_out
    )
    return report


def read_source(config: Source, dataset: Path, earlier: Earlier | None, spool: Spool) -> Collected:
    """Put the posts of the source that `config` names into the spool.

    What is kept for a resumption lies beside `dataset`.
    """
    if isinstance(config, AccountSource):
        return _read_account(config, dataset, earlier, spool)
    with _local(config) as path:
        _refuse_overwriting(path, dataset)
        if isinstance(config, ArchiveSource):
            collected = read_archive(path, config.place, config, spool)
        else:
            collected = read_table(path, config.place, config, spool)
        return replace(collected, sha256=source_sha256(path, config.place))


def _read_account(
    config: XSource | BlueskySource | MastodonSource,
    dataset: Path,
    earlier: Earlier | None,
    spool: Spool,
) -> Collected:
    """Put the posts of an account into the spool; clients take time to import, so each when asked.

    Where there is an earlier dataset, newer posts are asked for alone.
    """

    def permit(handle: str, account_id: str | None) -> None:
        _ask_opt_outs(config, [handle], [account_id] if account_id else [])
        if earlier:
            earlier.check_author(handle, account_id)

    if is_did(config.account):
        _ask_opt_outs(config, [config.account], [config.account])
    else:
        permit(author_of(config), None)
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


def author_of(config: Source) -> str:
    """The handle of the author whose posts `run` would collect: their folder's name.

    Raises:
        BadInputError: as `run` does, as far as the author goes.
    """
    if isinstance(config, BlueskySource) and is_did(config.bluesky):
        return check_persona(_author_of_did(config))
    if isinstance(config, AccountSource):
        return check_persona(author_of_address(config.account))
    with _local(config) as path:
        if isinstance(config, ArchiveSource):
            return check_persona(author_of_archive(path, config.place, config))
        return check_persona(author_of_table(path, config.place, config))


def _local(config: FileSource) -> AbstractContextManager[Path]:
    return local_file(config.place, or_folder=isinstance(config, ArchiveSource))


def _author_of_did(config: BlueskySource) -> str:
    """The author's name, for which Bluesky is asked."""
    _ask_opt_outs(config, [config.bluesky], [config.bluesky])
    from components.collect.bluesky.source import author_of_did

    return author_of_did(config)


def _ask_opt_outs(
    config: CollectConfig, handles: Sequence[str], account_ids: Sequence[str]
) -> None:
    """Refuse an author who is on the registry's opt-out list, if a registry is named."""
    if config.registry is not None:
        people = People(tuple(handles), tuple(account_ids))
        refuse_opted_out(read_opt_outs(config.registry), people)


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
