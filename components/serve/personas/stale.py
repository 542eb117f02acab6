"""Asking which versions are stale, before a model is loaded and while it is served."""

from components.contracts.registry import Manifest, StaleList
from components.registry import Registry
from components.registry.stale import read_stale, refuse_stale
from components.serve.personas.disk import Disk


class StaleVersions:
    """The registry's list, and the copy of it on this disk. Blocks: for other threads."""

    def __init__(self, registry: Registry, disk: Disk) -> None:
        self._store, self._disk = registry.store, disk

    def refuse(self, manifest: Manifest | None, *, away: bool) -> None:
        """Do nothing unless this version is stale.

        Args:
            manifest: the version's; what has none is no version of a registry.
            away: whether the registry cannot be read; then the copy on the disk decides.

        Raises:
            BadInputError: it is, or there is a list that cannot be read and no copy of it.
        """
        listed = self._copy() if away else self.refresh()
        if manifest:
            refuse_stale(listed, manifest.persona, manifest.version)

    def refresh(self) -> StaleList:
        """Read the list and keep the copy.

        Raises:
            BadInputError: it cannot be read, and there is no copy.
        """
        return read_stale(self._store, cache=self._disk.stale)

    def holds(self, persona: str, version: int) -> bool:
        """Whether this version is on the copy."""
        return self._copy().find(persona, version) is not None

    def _copy(self) -> StaleList:
        return StaleList.read(self._disk.stale) if self._disk.stale.is_file() else StaleList()
