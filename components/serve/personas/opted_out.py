"""Asking the list of opt-outs, before a model is loaded and while it is served."""

from components.contracts.errors import BadInputError
from components.contracts.lineage import Lineage
from components.contracts.people import People
from components.contracts.registry import Manifest, OptOutList
from components.registry import Registry
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.serve.personas.disk import Disk


class OptOuts:
    """The registry's list, and the copy of it on this disk. Blocks: for other threads."""

    def __init__(self, registry: Registry, disk: Disk) -> None:
        self._uri, self._disk = registry.store.uri, disk

    def refuse(self, name: str, manifest: Manifest | None, *, away: bool) -> None:
        """Do nothing unless an author of this model opted out.

        Args:
            name: the model's; it counts as its author's where there is no manifest.
            manifest: with the lineage that names the authors.
            away: whether the registry cannot be read; then the copy on the disk decides.

        Raises:
            BadInputError: an author opted out, or there is neither a list nor a copy.
        """
        listed = self._copy() if away else self._read()
        refuse_opted_out(listed, people_of(name, manifest))

    def refresh(self) -> None:
        """Read the list and keep the copy.

        Raises:
            BadInputError: it cannot be read, and there is no copy.
        """
        self._read()

    @property
    def known(self) -> bool:
        """Whether the list, or a copy of it, could be read."""
        return self._disk.opt_outs.is_file()

    def has_opted_out(self, name: str, manifest: Manifest | None) -> bool:
        """Whether an author of this model is on the copy."""
        try:
            refuse_opted_out(self._copy(), people_of(name, manifest))
        except BadInputError:
            return True
        return False

    def _read(self) -> OptOutList:
        return read_opt_outs(self._uri, cache=self._disk.opt_outs)

    def _copy(self) -> OptOutList:
        if not self._disk.opt_outs.is_file():
            raise BadInputError("cannot read who opted out, and there is no earlier copy")
        return OptOutList.read(self._disk.opt_outs)


def people_of(name: str, manifest: Manifest | None) -> People:
    """Who is imitated: the lineage's authors; without one, whoever the model is called after."""
    return (manifest.lineage if manifest else Lineage()).people(name)
