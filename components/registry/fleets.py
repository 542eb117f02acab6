"""What became of the personas of a fleet, in the registry: a document for each, and a list.

Each document changes by compare-and-swap alone, so of two workers one notices the other. The
folder's name is none that a persona can have.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from components.contracts.errors import BadInputError
from components.contracts.fleet import FleetItem, FleetList, check_fleet
from components.registry.documents import as_bytes, parse_document, read_document
from components.registry.layout import FLEETS
from components.storage import ConflictError, ObjectMissingError, Store, open_store
from components.storage.retry import attempts

READERS = 16


def the_only_fleet(uri: str) -> str:
    """The name of the fleet in the registry at `uri`.

    Raises:
        BadInputError: there is none, or there are several; the message names them.
    """
    names = open_store(uri).folders(FLEETS)
    if len(names) != 1:
        several = f"there are {', '.join(names)} in {uri}; name one" if names else ""
        raise BadInputError(several or f"there is no fleet in {uri}")
    return names[0]


class Stored(NamedTuple):
    """A document, and what a swap needs."""

    item: FleetItem
    token: str


class FleetBook:
    """What the registry at `uri` knows of one fleet."""

    def __init__(self, uri: str, fleet: str) -> None:
        self.store: Store = open_store(uri)
        self.fleet = check_fleet(fleet)
        self._folder = f"{FLEETS}{fleet}/"

    def begin(self, listed: FleetList) -> None:
        """Keep who belongs to the fleet; of two who do so at once the last one counts."""
        data = as_bytes(listed)
        for _ in attempts():
            with suppress(ConflictError):
                try:
                    stands = self.store.get(self._list_key)
                except ObjectMissingError:
                    self.store.create(self._list_key, data)
                    return
                if stands.data != data:
                    self.store.swap(self._list_key, data, stands.version)
                return
        raise ConflictError(f"{self._list_key} in {self.store.uri} is changed by too many at once")

    def listed(self) -> FleetList:
        """Who belongs to the fleet.

        Raises:
            BadInputError: there is no such fleet.
        """
        found = read_document(self.store, self._list_key, FleetList)
        if found is None:
            known = self.store.folders(FLEETS)
            others = f"; there is {', '.join(known)}" if known else ""
            raise BadInputError(f"there is no fleet {self.fleet} in {self.store.uri}{others}")
        return found

    def item(self, persona: str) -> Stored | None:
        """What became of this persona; None where nobody has begun it."""
        key = self._key(persona)
        try:
            found = self.store.get(key)
        except ObjectMissingError:
            return None
        item = parse_document(found.data, FleetItem, f"{key} in {self.store.uri}")
        return Stored(item, found.version)

    def items(self, listed: FleetList) -> Iterator[FleetItem | None]:
        """What became of each, in the order of the list; None where nobody has begun it."""
        with ThreadPoolExecutor(READERS) as pool:
            for stored in pool.map(self.item, [one.persona for one in listed.items]):
                yield stored.item if stored else None

    def write(self, item: FleetItem, token: str | None) -> Stored:
        """Keep what became of a persona; `token` is that of what stands there, if anything does.

        Raises:
            ConflictError: another worker wrote first.
        """
        key, data = self._key(item.persona), as_bytes(item)
        try:
            if token is None:
                return Stored(item, self.store.create(key, data))
            return Stored(item, self.store.swap(key, data, token))
        except ConflictError:
            stands = self.item(item.persona)
            if stands is None or stands.item != item:  # or an answer got lost on the way to us
                raise
            return stands

    @property
    def _list_key(self) -> str:
        return f"{self._folder}fleet.json"

    def _key(self, persona: str) -> str:
        return f"{self._folder}items/{persona}.json"
