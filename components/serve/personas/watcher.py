"""Following the registry: where the aliases point, and who opted out since."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from components.contracts.artifacts import check_persona, is_persona
from components.contracts.base import Contract, Report
from components.contracts.errors import BadInputError
from components.contracts.registry import Alias
from components.registry import CANDIDATE, PRODUCTION, Registry
from components.registry.aliases import previous_version
from components.runtime.files import whole_file
from components.serve.personas.complaints import Complaints
from components.serve.personas.disk import Disk
from components.storage import StorageError
from components.storage.local import FileStore

log = logging.getLogger(__name__)


class Pointer(Contract):
    """Where an alias points."""

    version: int
    manifest_sha256: str
    move: str
    """Tells this move from every other of the alias."""
    previous: int | None = None
    """The version that a rollback goes to."""


class Pointers(Contract):
    """The aliases of one persona that a server follows."""

    production: Pointer | None = None
    candidate: Pointer | None = None

    def has_all_of(self, before: "Pointers") -> bool:
        """Whether each alias that was set then is set still."""
        return all(
            now or not then
            for now, then in (
                (self.production, before.production),
                (self.candidate, before.candidate),
            )
        )

    def versions(self) -> dict[int, Pointer]:
        """The versions that they point to, production's first."""
        found = [pointer for pointer in (self.production, self.candidate) if pointer]
        return {pointer.version: pointer for pointer in reversed(found)}

    def kept(self) -> set[int]:
        """The versions that stay on the disk: these, and where a rollback of production goes."""
        back = self.production.previous if self.production else None
        return {*self.versions(), *([back] if back else [])}


class Following(Report):
    """Where the aliases of all followed personas point, kept on the disk for the next start."""

    personas: dict[str, Pointers] = {}


class Watcher:
    """Reads the registry; remembers what it said while it is away. Blocks: for other threads."""

    def __init__(
        self,
        registry: Registry,
        disk: Disk,
        named: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._disk = registry, disk
        self._named = tuple(check_persona(name) for name in named)
        self._last: Mapping[str, Pointers] = {}
        self._complaints = Complaints(clock)
        self.reachable = True

    def recall(self) -> Mapping[str, Pointers]:
        """Where the aliases stood when this or an earlier server last read them."""
        if not self._last and self._disk.aliases.is_file():
            try:
                self._last = self._chosen(Following.read(self._disk.aliases).personas)
            except BadInputError as error:
                log.warning("what the registry said before is forgotten: %s", error)
        return self._last

    def poll(self) -> Mapping[str, Pointers]:
        """Where the aliases point now; where they stood last while the registry is away."""
        try:
            found = self._read_surely()
        except StorageError as error:
            self._complaints.say(
                "registry", f"the registry is away, what is known goes on: {error}"
            )
            self._registry.store.reconnect()
            self.reachable = False
            return self.recall()
        self._complaints.settle("registry")
        self.reachable = True
        if found != self._last:
            self._last = found
            document = Following(personas=dict(found)).to_json()
            with whole_file(self._disk.aliases) as draft:
                draft.write_text(document, encoding="utf-8")
        if self.missing():
            self._registry.store.reconnect()
        return found

    def go_without(self) -> Mapping[str, Pointers]:
        """Where the aliases stood last; a slow registry counts as away if that is known."""
        known = self.recall()
        if known:
            self._complaints.say("registry", "the registry does not answer; what is known goes on")
            self.reachable = False
        return known

    def missing(self) -> list[str]:
        """The personas that were named and have no production version."""
        return [
            name
            for name in self._named
            if name not in self._last or not self._last[name].production
        ]

    def _read_surely(self) -> dict[str, Pointers]:
        """What the registry says; that something is gone is asked over new connections again."""
        found = self._read()
        nothing = Pointers()
        if all(found.get(name, nothing).has_all_of(was) for name, was in self.recall().items()):
            return found
        self._registry.store.reconnect()
        return self._read()

    def _read(self) -> dict[str, Pointers]:
        self._check_there()
        names = self._named or list(filter(is_persona, self._registry.store.folders()))
        found = {name: self._pointers(name) for name in names}
        pointing = {name: pointers for name, pointers in found.items() if pointers.versions()}
        if not pointing and self.recall():
            raise StorageError(f"{self._registry.store.uri} is empty, and was not before")
        return pointing

    def _check_there(self) -> None:
        """A folder that is not there (a disk not mounted) is no empty registry."""
        store = self._registry.store
        if isinstance(store, FileStore) and not store.root.is_dir():
            raise StorageError(f"there is no folder {store.root}")

    def _pointers(self, name: str) -> Pointers:
        return Pointers(
            production=self._pointer(name, PRODUCTION), candidate=self._pointer(name, CANDIDATE)
        )

    def _pointer(self, name: str, alias: str) -> Pointer | None:
        """Where it points; where it pointed before if its document is damaged."""
        about = f"{name}/{alias}"
        try:
            found = self._registry.alias(name, alias)
        except StorageError:
            raise
        except (BadInputError, ValidationError) as error:
            self._complaints.say(about, str(error))
            self._registry.store.reconnect()
            before: Pointer | None = getattr(self.recall().get(name), alias, None)
            return before
        self._complaints.settle(about)
        return _pointer_of(found) if found else None

    def _chosen(self, known: Mapping[str, Pointers]) -> dict[str, Pointers]:
        return {
            name: pointers
            for name, pointers in known.items()
            if not self._named or name in self._named
        }


def _pointer_of(alias: Alias) -> Pointer:
    last = alias.history[-1] if alias.history else None
    move = f"{len(alias.history)}:{last.id if last else ''}"
    return Pointer(
        version=alias.version,
        manifest_sha256=alias.manifest_sha256,
        move=move,
        previous=previous_version(alias.history),
    )


def disk_root(named: Path | None, home: Path) -> Path:
    """Where fetched models are kept."""
    return named or home / ".cache" / "huggingtweets"
