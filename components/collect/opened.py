"""Sources that are open: what is found out about one is found out once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from components.collect.archive.archive import author_of_archive, read_archive
from components.collect.archive.contents import source_sha256
from components.collect.bluesky_names import is_did
from components.collect.collected import Collected
from components.collect.config import (
    ArchiveSource,
    BlueskySource,
    CollectConfig,
    FileSource,
    MastodonSource,
    Source,
    TableSource,
    XSource,
    author_of_address,
)
from components.collect.source_file import LocalFiles
from components.collect.spool import Spool
from components.collect.tables.table import TablePlan, plan_table, read_table
from components.contracts.artifacts import check_persona
from components.contracts.people import People
from components.registry.opt_outs import read_opt_outs, refuse_opted_out


class OpenFile:
    """An archive or a table, as long as `files` are there."""

    def __init__(self, config: ArchiveSource | TableSource, files: LocalFiles) -> None:
        self.config = config
        self._files = files
        self._plan: TablePlan | None = None

    @cached_property
    def path(self) -> Path:
        """Where it is on this machine.

        Raises:
            BadInputError: it is not there, or cannot be read.
        """
        is_archive = isinstance(self.config, ArchiveSource)
        return self._files.file(self.config.place, or_folder=is_archive)

    @cached_property
    def author(self) -> str:
        """The handle of the author whose posts it holds: their folder's name.

        Raises:
            BadInputError: it does not say whose it is, or cannot be read so far.
        """
        if isinstance(self.config, ArchiveSource):
            return check_persona(author_of_archive(self.path, self.config.place, self.config))
        self._plan = plan_table(self.path, self.config.place, self.config)
        return check_persona(self._plan.survey.author.handle)

    @cached_property
    def sha256(self) -> str:
        """Its digest, in hex: see `source_sha256`."""
        return source_sha256(self.path, self.config.place)

    def read(self, spool: Spool) -> Collected:
        """Put its posts into the spool.

        Raises:
            BadInputError: it is not what it should be.
        """
        place = self.config.place
        if isinstance(self.config, ArchiveSource):
            collected = read_archive(self.path, place, self.config, spool)
        else:
            collected = read_table(self.path, place, self.config, spool, self._plan)
        return replace(collected, sha256=self.sha256)


class OpenAccount:
    """An account; its server is asked as late as can be."""

    def __init__(self, config: XSource | BlueskySource | MastodonSource) -> None:
        self.config = config

    @cached_property
    def author(self) -> str:
        """The author's name by the account's own; whose a DID is, Bluesky is asked.

        Raises:
            BadInputError: there is no such account, or its author opted out.
        """
        if not (isinstance(self.config, BlueskySource) and is_did(self.config.bluesky)):
            return check_persona(author_of_address(self.config.account))
        ask_opt_outs(self.config, [self.config.bluesky], [self.config.bluesky])
        from components.collect.bluesky.source import author_of_did  # it takes time to import

        return check_persona(author_of_did(self.config))


OpenSource = OpenFile | OpenAccount


def open_source(config: Source, files: LocalFiles) -> OpenSource:
    """The source, open; one that is a file lies among `files`."""
    if isinstance(config, FileSource):
        return OpenFile(config, files)
    return OpenAccount(config)


def ask_opt_outs(config: CollectConfig, handles: Sequence[str], account_ids: Sequence[str]) -> None:
    """Refuse an author who is on the registry's opt-out list, if a registry is named."""
    if config.registry is not None:
        people = People(tuple(handles), tuple(account_ids))
        refuse_opted_out(read_opt_outs(config.registry), people)
