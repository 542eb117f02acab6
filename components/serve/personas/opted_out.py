"""Asking the list of opt-outs, before a model is loaded and while it is served."""

from collections.abc import Mapping
from typing import Any

from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
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
        if away:
            self._refuse_by_copy(name, manifest)
            return
        ids, handles = account_ids_of(manifest), authors_of(name, manifest)
        refuse_opted_out(self._uri, account_ids=ids, handles=handles, cache=self._disk.opt_outs)

    def refresh(self) -> None:
        """Read the list and keep the copy.

        Raises:
            BadInputError: it cannot be read, and there is no copy.
        """
        read_opt_outs(self._uri, cache=self._disk.opt_outs)

    def has_opted_out(self, name: str, manifest: Manifest | None) -> bool:
        """Whether an author of this model is on the copy."""
        try:
            self._refuse_by_copy(name, manifest)
        except BadInputError:
            return True
        return False

    def _refuse_by_copy(self, name: str, manifest: Manifest | None) -> None:
        """The copy lies in its folder as the list lies in a registry."""
        if not self._disk.opt_outs.is_file():
            raise BadInputError("cannot read who opted out, and there is no earlier copy")
        ids, handles = account_ids_of(manifest), authors_of(name, manifest)
        refuse_opted_out(str(self._disk.root), account_ids=ids, handles=handles)


def authors_of(name: str, manifest: Manifest | None) -> list[str]:
    """Who is imitated: the lineage's authors; without one, whoever the model is called after."""
    lineage = manifest.lineage if manifest else {}
    return sorted({*_mapping(lineage, "collect"), *_mapping(lineage, "consent")}) or [name]


def account_ids_of(manifest: Manifest | None) -> list[str]:
    """The account ids of the authors, as far as they are known."""
    reports = _mapping(manifest.lineage if manifest else {}, "collect").values()
    found = (report.get("account_id") for report in reports if isinstance(report, dict))
    return [str(account_id) for account_id in found if account_id]


def _mapping(lineage: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = lineage.get(key)
    return value if isinstance(value, dict) else {}
