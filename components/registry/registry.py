"""The registry: what there is, what points where, and how either changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from components.contracts.artifacts import check_persona
from components.contracts.audit import AuditHead, Detail
from components.contracts.errors import BadInputError
from components.contracts.lineage import Lineage
from components.contracts.registry import Alias, AliasMove, BaseManifest, Manifest, StaleList
from components.contracts.reports import BaseModelFacts
from components.registry import bases, garbage, opt_outs, publishing, verifying
from components.registry.aliases import (
    Choose,
    move_alias,
    previous_version,
    read_alias,
    undo_move,
    unset_alias,
)
from components.registry.audit import AuditLog, Record
from components.registry.audit.chain import Chain, read_chain
from components.registry.documents import read_document
from components.registry.layout import (
    ALIASES,
    CANDIDATE,
    OPT_OUTS,
    alias_key,
    holds_personas,
    manifest_key,
    persona_folders,
    published_versions,
    version_folder,
)
from components.registry.publishing import Write
from components.registry.stale import read_stale, refuse_stale
from components.storage import ObjectMissingError, Store, open_store
from components.storage.transfer import download_folder

MOST_NAMES = 100
"""Of what was removed, in an entry of the audit log."""


class Registry:
    """Personas, each with numbered versions that never change and aliases that move.

    Every method raises `StorageError` when the store cannot be used.
    """

    def __init__(self, store: Store, *, actor: str | None = None) -> None:
        self.store = store
        self._log = AuditLog(store, actor)

    @classmethod
    def open(cls, uri: str, *, actor: str | None = None) -> Self:
        """The registry at `uri` (a path, file://, gs:// or s3://); touches nothing yet.

        `actor` is who changes it, for the audit log: by default who the environment says.
        """
        return cls(open_store(uri), actor=actor)

    def begin(self) -> Self:
        """Make the place a registry if it is none: write an empty list of opt-outs there."""
        opt_outs.begin_list(self.store)
        return self

    def require(self) -> Self:
        """Raise BadInputError unless the place is a registry: its address may be mistyped."""
        try:
            self.store.stat(OPT_OUTS)
        except ObjectMissingError as error:
            if not holds_personas(self.store):
                raise BadInputError(f"there is no registry at {self.store.uri}") from error
        return self

    def publish(
        self,
        persona: str,
        write: Write,
        lineage: Lineage,
        formats: Mapping[str, float] | None = None,
        *,
        job: str | None = None,
        base_model: BaseModelFacts | None = None,
    ) -> Manifest:
        """Publish what `write(version, folder)` writes as the next version; move `latest` to it.

        Versions are numbered from 1 without gaps, however many publish at once; `write` is called
        again with another number if somebody else was faster. A version appears whole or not. The
        registry is begun if need be. An adapter names its `base_model`, which `publish_base` puts
        there. What an earlier attempt of `job` published, if it is given, is
        returned, and nothing is published anew.

        Raises:
            BadInputError: the name cannot be a persona's, or nothing was written.
        """
        check_persona(persona)
        self.begin()
        with Record(self._log, "publish", persona=persona) as record:
            manifest = publishing.publish(
                self.store,
                persona,
                write,
                lineage,
                formats,
                job,
                upload=record.id,
                announce=record.begin,
                base_model=base_model,
            )
            record.version = manifest.version
        return manifest

    def published_by(self, persona: str, job: str) -> Manifest | None:
        """The version that an attempt of `job` published within the last days, if any did.

        What a killed attempt had decided is finished first.
        """
        publishing.settle(self.store, check_persona(persona))
        return publishing.published_by(self.store, persona, job)

    def publish_base(self, folder: Path, facts: BaseModelFacts) -> None:
        """Put the base model of an adapter there unless it is; see `bases.publish_base`."""
        bases.publish_base(self.begin().store, folder, facts)

    def download_base(self, sha256: str, target: Path) -> BaseManifest:
        """Write the base model with this digest to the folder `target`, digests compared.

        Raises:
            BadInputError: it is not there.
            ChecksumError: a file is not what the digest says.
        """
        return bases.download_base(self.store, sha256, target)

    def personas(self) -> list[str]:
        """Everybody with at least one version, sorted."""
        return [
            name for name in persona_folders(self.store) if published_versions(self.store, name)
        ]

    def versions(self, persona: str) -> list[int]:
        """The versions of a persona in order; none if there is no such persona."""
        return published_versions(self.store, check_persona(persona))

    def manifest(self, persona: str, version: int) -> Manifest:
        """What a version consists of and where it came from.

        Raises:
            BadInputError: there is no such version.
        """
        found = read_document(self.store, manifest_key(check_persona(persona), version), Manifest)
        if found is None:
            raise BadInputError(f"{persona} has no version {version} in {self.store.uri}")
        return found

    def file(self, persona: str, version: int, path: str) -> bytes:
        """A small file of a version.

        Raises:
            ObjectMissingError: there is no such version, or no such file of it.
        """
        return self.store.get(version_folder(check_persona(persona), version) + path).data

    def alias(self, persona: str, name: str) -> Alias | None:
        """Where an alias points and has pointed; None while it is unset."""
        return read_alias(self.store, check_persona(persona), name)

    def aliases(self, persona: str) -> dict[str, Alias]:
        """The aliases that are set, by name."""
        found = {name: self.alias(persona, name) for name in ALIASES}
        return {name: alias for name, alias in found.items() if alias is not None}

    def move_alias(
        self, persona: str, alias: str, version: int, *, check: Callable[[], None] | None = None
    ) -> Alias:
        """Point an alias to a version; its history grows by this one move.

        `check` is called between reading where the alias stands and each try to swap that; what it
        raises leaves the alias where it is.

        Raises:
            BadInputError: there is no such version or alias, or the version is stale.
        """

        def choose(history: Sequence[AliasMove]) -> int:
            refuse_stale(self.stale(), persona, version)
            if check is not None:
                check()
            return version

        return self._moved("promote", persona, alias, choose)

    def undo_move(self, persona: str, alias: str, moved: Alias) -> bool:
        """Undo the move that `move_alias` returned, unless the alias has moved on since.

        Returns whether it was undone. After its first move the alias is unset again.
        """
        key = alias_key(persona, alias)
        with self._record("undo", persona, alias) as record:
            return undo_move(
                self.store, persona, key, moved, move_id=record.id, announce=record.begin
            )

    def rollback(self, persona: str, alias: str) -> Alias:
        """Point an alias to where it pointed before; again, to where it pointed before that.

        Stale versions are passed over.

        Raises:
            BadInputError: it never pointed anywhere else.
        """

        def back(history: Sequence[AliasMove]) -> int:
            version = previous_version(history, self.stale().of(persona))
            if version is None:
                raise BadInputError(f"{alias} of {persona} has nowhere to go back to")
            return version

        return self._moved("rollback", persona, alias, back)

    def stale(self) -> StaleList:
        """Which versions learned from posts that are forgotten since."""
        return read_stale(self.store)

    def withdraw(self, persona: str, alias: str) -> Alias | None:
        """Take an alias off a stale version: to the newest that is not, or nowhere.

        Returns the alias as it stood before; None where it points to nothing stale. `candidate`
        points nowhere then: what is tried out is not replaced by something else.
        """
        before, stale = self.alias(persona, alias), self.stale().of(persona)
        if before is None or before.version not in stale:
            return None
        fine = [one for one in self.versions(persona) if one not in stale]

        def away(history: Sequence[AliasMove]) -> int | None:
            return fine[-1] if history and history[-1].version in stale else None

        with self._record("withdraw", persona, alias) as record:
            if not fine or alias == CANDIDATE:
                unset_alias(self.store, persona, alias, stale, record.begin)
            else:
                move_alias(
                    self.store, persona, alias, away, move_id=record.id, announce=record.begin
                )
        return before

    def download(
        self, persona: str, version: int, target: Path, *, opt_outs_copy: Path | None = None
    ) -> Manifest:
        """Write a version's files to the folder `target`, whole or not at all, digests compared.

        Args:
            persona: Whose version.
            version: Its number.
            target: The folder to write.
            opt_outs_copy: An earlier copy of the list of opt-outs, for when it cannot be read.

        Raises:
            BadInputError: there is no such version, it is stale, or one of its authors opted out.
            ChecksumError: a file is not what the manifest says.
        """
        manifest = self.manifest(persona, version)
        refuse_stale(self.stale(), persona, version)
        listed = opt_outs.read_opt_outs(self.store.uri, cache=opt_outs_copy)
        opt_outs.refuse_opted_out(listed, manifest.lineage.people(manifest.persona))
        checksums = {entry.path: entry.sha256 for entry in manifest.files}
        download_folder(self.store, version_folder(persona, version), target, checksums)
        return manifest

    def verify(self, persona: str | None = None) -> list[str]:
        """What is wrong, a sentence each: files changed, missing or added, aliases led astray.

        Raises:
            BadInputError: there is no such persona.
        """
        problems = verifying.verify(self.store, self._chosen(persona))
        return problems if persona else [*problems, *read_chain(self.store).problems]

    def gc(self, *, keep: int | None = None, older_than: float = garbage.DAY) -> list[str]:
        """Delete what killed publishes left behind, and with `keep` old versions; see `garbage`."""
        with self.recorded("gc", keep=keep, older_than_hours=older_than / 3600) as record:
            removed = garbage.collect_garbage(self.store, keep=keep, older_than=older_than)
            record.add(removed=len(removed), names=tuple(removed[:MOST_NAMES]) or None)
        return removed

    @contextmanager
    def recorded(
        self, action: str, persona: str | None = None, version: int | None = None, **details: Detail
    ) -> Iterator[Record]:
        """Tell the audit log of what the block does: that it begins, and how it ended.

        What is known only afterwards is told to the record that the block gets
        (`record.version = 3`, `record.add(commit="…")`). No secrets and no names of people: nothing
        is ever removed from the log.

        Raises:
            StorageError: the log cannot be written; the block is not run.
        """
        with Record(self._log, action, persona=persona, version=version, details=details) as record:
            record.begin()
            yield record

    def audit(self, noted: AuditHead | None = None) -> Chain:
        """The audit log and what is wrong with it; `noted` is an earlier head of it."""
        return read_chain(self.store, noted)

    def _record(self, action: str, persona: str, alias: str) -> Record:
        return Record(self._log, action, persona=persona, details={"alias": alias})

    def _moved(
        self, action: Literal["promote", "rollback"], persona: str, alias: str, choose: Choose
    ) -> Alias:
        with self._record(action, check_persona(persona), alias) as record:
            moved = move_alias(
                self.store,
                persona,
                alias,
                choose,
                rollback=action == "rollback",
                move_id=record.id,
                announce=record.begin,
            )
            assert moved is not None
            record.version = moved.version
        return moved

    def _chosen(self, persona: str | None) -> list[str]:
        """Every folder, lest somebody's last manifest be lost unnoticed; or only this persona's."""
        if persona is None:
            return persona_folders(self.store)
        if not self.versions(persona) and not self.aliases(persona):
            raise BadInputError(f"there is no persona {persona} in {self.store.uri}")
        return [persona]
