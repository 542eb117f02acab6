"""Who owns which field of an object, as a Kubernetes API server keeps it in metadata.managedFields.

Maps and scalars follow https://kubernetes.io/docs/reference/using-api/server-side-apply/; a list
belongs to one owner as a whole, which is enough for what no list has a part in.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Field = tuple[str, ...]
NOT_OWNED = (("apiVersion",), ("kind",))
KEPT_BY_THE_SERVER = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")


class ConflictError(Exception):
    """Another owner says something else."""


@dataclass(frozen=True)
class Owner:
    """Whoever wrote fields, and how."""

    manager: str
    operation: str
    """`Apply`, or `Update` for all that is not server-side apply."""
    subresource: str = ""


@dataclass
class Owned:
    """An object, and who owns what in it."""

    document: Document
    owners: dict[Owner, set[Field]] = field(default_factory=dict)

    def apply(self, owner: Owner, wanted: Document, *, force: bool) -> None:
        """Server-side apply: `wanted` is all that this owner says.

        Raises:
            ConflictError: another owner says something else about a field.
        """
        new = dict(_fields(wanted))
        now = dict(_fields(self.document))
        others = {one: had for one, had in self.owners.items() if one != owner}
        for path, value in new.items():
            rivals = [one for one, had in others.items() if path in had and now.get(path) != value]
            if rivals and not force:
                raise ConflictError(_conflict(rivals[0], path, wanted))
            for rival in rivals:
                others[rival].discard(path)
        for path in self.owners.get(owner, set()) - new.keys():
            if not any(path in had for had in others.values()):
                _remove(self.document, path)
        for path, value in new.items():
            _put(self.document, path, value)
        self.owners = {one: had for one, had in others.items() if had} | {owner: set(new)}

    def update(self, owner: Owner, wanted: Document) -> None:
        """Any other write: whoever changes a field owns it from then on, alone."""
        now, new = dict(_fields(self.document)), dict(_fields(wanted))
        changed = {path for path, value in new.items() if path not in now or now[path] != value}
        gone = now.keys() - new.keys()
        for had in self.owners.values():
            had -= changed | gone
        self.owners.setdefault(owner, set()).update(changed)
        self.owners = {one: had for one, had in self.owners.items() if had}
        self.document = copy.deepcopy(wanted)

    def shown(self) -> Document:
        """The object with its metadata.managedFields."""
        document = copy.deepcopy(self.document)
        document["metadata"]["managedFields"] = [
            {
                "manager": owner.manager,
                "operation": owner.operation,
                "apiVersion": document["apiVersion"],
                "fieldsType": "FieldsV1",
                "fieldsV1": _tree(paths),
                **({"subresource": owner.subresource} if owner.subresource else {}),
            }
            for owner, paths in self.owners.items()
        ]
        return document


def _fields(document: Mapping[str, Any], above: Field = ()) -> Iterator[tuple[Field, Any]]:
    """Every field that can be owned, with its value."""
    for key, value in document.items():
        path = (*above, key)
        if path in NOT_OWNED or (above == ("metadata",) and key in KEPT_BY_THE_SERVER):
            continue
        if isinstance(value, dict) and value:
            yield from _fields(value, path)
        elif value is not None:
            yield path, value


def _put(document: Document, path: Field, value: Any) -> None:
    for key in path[:-1]:
        document = document.setdefault(key, {})
    document[path[-1]] = copy.deepcopy(value)


def _remove(document: Document, path: Field) -> None:
    for key in path[:-1]:
        document = document.get(key, {})
    document.pop(path[-1], None)


def _tree(paths: set[Field]) -> Document:
    tree: Document = {}
    for path in sorted(paths):
        at = tree
        for key in path:
            at = at.setdefault(f"f:{key}", {})
    return tree


def _conflict(rival: Owner, path: Field, wanted: Document) -> str:
    sub = f' with subresource "{rival.subresource}"' if rival.subresource else ""
    return (
        f'Apply failed with 1 conflict: conflict with "{rival.manager}"{sub} '
        f"using {wanted['apiVersion']}: .{'.'.join(path)}"
    )
