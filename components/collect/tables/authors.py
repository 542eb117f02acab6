"""Who wrote the rows of a table, and whose of them to take."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from components.collect.config import handle_of
from components.collect.posts import shown
from components.collect.tables.ids import account_id, is_rounded
from components.collect.tables.reader import NOTHING, Reader, joined_cells
from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError

MOST_STATED = 200_000
"""How many ways in which rows state their authors are counted; those beyond are just more."""
_HANDLE = re.compile(r"@?\w{1,15}|@?[\w.-]+(?:@|\.)[\w-]+(?:\.[\w-]+)+", re.ASCII)
_IN_AN_OBJECT = re.compile(r"['\"](?:screen_name|username)['\"]:\s*['\"](\w{1,15})['\"]", re.ASCII)


_LINK = re.compile(
    r"https?://(?:www\.|mobile\.|m\.)?(?:twitter|x)\.com/@?(\w{1,15})(?:/status(?:es)?/\d+\S*)?/?\Z",
    re.ASCII | re.IGNORECASE,
)
_NOBODY = ("nan", "none", "null", "<na>", r"\n", "#n/a")

Cells = tuple[str, ...]
"""A row's cells of names, handles first, and then those of accounts."""


class Stated(NamedTuple):
    """What a row says of its author."""

    names: tuple[str, ...]
    """A name for each column of names, empty where the row has none."""
    account_id: str
    """Empty where the row states none, or a damaged one."""


@dataclass
class _Person:
    """One author of the table."""

    names: Counter[str] = field(default_factory=Counter)
    """All that rows call them, and how often the naming column does."""
    account_ids: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What most rows call them; the name of a handle's form where there is one."""
        likely = {n: c for n, c in self.names.items() if c and fits_handle(n)} or self.names
        return max(likely, key=lambda name: (likely[name], name))

    def is_called(self, wanted: str) -> bool:
        """Whether this is one of their names, whatever its case, or the id of their account."""
        names = {one for name in self.names for one in (name.lower(), handle_of(name).lower())}
        return wanted.lower() in names | self.account_ids


@dataclass(frozen=True)
class TableAuthor:
    """Whose rows to take."""

    handle: str
    names: tuple[str, ...] = ()
    """All that the rows call them, for the list of those who opted out."""
    account_ids: tuple[str, ...] = ()
    key: str = ""
    """The author's among `Authors.key`; empty where the table states nobody."""


class Authors:
    """The authors that the rows of a table state.

    A handle tells an author best: a name that is shown may be anybody's, and change from post to
    post. Where there are such names alone, the account's id does.
    """

    def __init__(self, reader: Reader, wanted: str | None) -> None:
        self._handles = len(reader.columns("author"))
        naming = (*reader.columns("author"), *reader.columns("display_name"))
        self._naming = len(naming)
        self._names = (*naming, *reader.columns("also_called"))
        self._ids = reader.columns("account_id")
        self._wanted = (wanted or "").lower()
        self._rows: Counter[Cells] = Counter()

    def note(self, cells: Mapping[str, str]) -> None:
        """Take note of what a row states."""
        said = self._said(cells)
        if said in self._rows or len(self._rows) < MOST_STATED or self._may_be_wanted(said):
            self._rows[said] += 1

    def _said(self, cells: Mapping[str, str]) -> Cells:
        return tuple(joined_cells(cells, parts) for parts in (*self._names, *self._ids))

    def _may_be_wanted(self, said: Cells) -> bool:
        return any(cell.strip().removeprefix("@").lower() == self._wanted for cell in said)

    @cached_property
    def stated(self) -> "dict[Cells, Stated]":
        """What rows state, by their cells; to be asked for when all have been noted."""
        return {said: self._read(said) for said in self._rows}

    def _read(self, said: Cells) -> Stated:
        names, ids = said[: len(self._names)], said[len(self._names) :]
        known = (account_id(one) for one in ids if one.strip().lower() not in NOTHING)
        return Stated(tuple(map(_name, names)), next(filter(None, known), ""))

    @property
    def accounts(self) -> list[str]:
        """The ids of accounts as they are stated, damaged ones as well; sorted."""
        stated = (map(str.strip, said[len(self._names) :]) for said in self._rows)
        ids = (next((one for one in row if one.lower() not in NOTHING), "") for row in stated)
        return sorted({account_id(one) or one for one in ids if one})

    @property
    def id_column(self) -> str:
        """The first column of accounts that says something."""
        filled = (
            "+".join(parts)
            for place, parts in enumerate(self._ids, len(self._names))
            if any(said[place].strip().lower() not in NOTHING for said in self._rows)
        )
        return next(filled, "")

    @property
    def are_named(self) -> bool:
        """Whether any row names its author."""
        return any(any(stated.names[: self._naming]) for stated in self.stated.values())

    def key(self) -> "Key":
        """How rows tell their authors, once all have been noted."""
        names = list(zip(*(stated.names for stated in self.stated.values()), strict=True))
        filled = [place for place, column in enumerate(names[: self._naming]) if any(column)]
        fitting = [place for place in filled if all(map(fits_handle, filter(None, names[place])))]
        naming = next(iter(fitting or filled))
        ids = {stated.account_id for stated in self.stated.values()} - {""}
        by_id = bool(ids) and not is_rounded(ids) and (naming >= self._handles or not fitting)
        return Key(self, self._rows, naming, by_id=by_id)


class Key:
    """Tells the authors of rows apart."""

    def __init__(
        self, authors: Authors, rows: Mapping[Cells, int], naming: int, *, by_id: bool
    ) -> None:
        self._authors, self._naming, self._by_id = authors, naming, by_id
        self.people: dict[str, _Person] = {}
        self._name_of_id = {
            stated.account_id: stated.names[naming].lower()
            for stated in authors.stated.values()
            if stated.account_id and stated.names[naming]
        }
        self._keys = {said: self._of(stated) for said, stated in authors.stated.items()}
        for said, key in self._keys.items():
            if key:
                self._add(self.people.setdefault(key, _Person()), authors.stated[said], rows[said])

    def of(self, cells: Mapping[str, str]) -> str:
        """What is the same for all rows of an author; empty where a row states none."""
        said = self._authors._said(cells)
        key = self._keys.get(said)
        return self._of(self._authors._read(said)) if key is None else key

    def _of(self, stated: Stated) -> str:
        name = stated.names[self._naming].lower()
        if self._by_id:
            return stated.account_id or name
        return name or self._name_of_id.get(stated.account_id, "")

    def _add(self, person: _Person, stated: Stated, count: int) -> None:
        for place, name in enumerate(stated.names):
            if name:
                person.names[name] += count if place == self._naming else 0
        if stated.account_id:
            person.account_ids.add(stated.account_id)


def choose_author(
    authors: Authors, wanted: str | None, source: str
) -> tuple[TableAuthor, Key | None]:
    """The author whose rows to take, and how to tell them; None where all rows are theirs.

    Raises:
        BadInputError: there are several and none is wanted, or several who are called so, the
            wanted one is not there, or neither the rows nor the person names one.
    """
    if not authors.are_named:
        if wanted is None:
            raise BadInputError(f"{source} does not say whose posts it holds; add --author NAME")
        return TableAuthor(wanted, account_ids=tuple(authors.accounts)), None
    key = authors.key()
    called = {one: person for one, person in key.people.items() if _is_meant(one, person, wanted)}
    if wanted and wanted.lower() in called:  # a handle before what others call themselves
        called = {wanted.lower(): called[wanted.lower()]}
    if not called:
        names = _list(sorted((p.name for p in key.people.values()), key=str.lower))
        raise BadInputError(f"{source} holds no posts of {wanted!r}; it holds posts of {names}")
    if len(called) > 1:
        raise BadInputError(_too_many(source, wanted, called))
    ((chosen, person),) = called.items()
    handle = _persona(handle_of(person.name), source)
    return TableAuthor(
        handle, tuple(sorted(person.names)), tuple(sorted(person.account_ids)), chosen
    ), key


def _persona(handle: str, source: str) -> str:
    try:
        return check_persona(handle)
    except BadInputError as error:
        raise BadInputError(
            f"{source}: {error}; name a column of handles or of accounts' ids with --columns "
            "author=COLUMN, or change the name in the table"
        ) from error


def _is_meant(key: str, person: _Person, wanted: str | None) -> bool:
    return wanted is None or key == wanted.lower() or person.is_called(wanted)


def _too_many(source: str, wanted: str | None, called: Mapping[str, _Person]) -> str:
    people = sorted(called.values(), key=lambda person: person.name.lower())
    alike = len({person.name.lower() for person in people}) < len(people)
    names = _list([_with_id(person) if alike else person.name for person in people])
    how = "--author, by its id" if alike else "--author"
    if wanted is not None:
        return f"{source}: several authors are called {wanted!r} ({names}); choose one with {how}"
    return f"{source} holds posts of {len(people)} authors ({names}); choose one with {how}"


def _with_id(person: _Person) -> str:
    return " ".join([person.name, *sorted(person.account_ids)[:1]])


def _name(stated: str) -> str:
    """A cell as a name; of an object in a cell, as some tools write it, the name in it."""
    name = " ".join(stated.split())
    if name.startswith("{") and (inner := _IN_AN_OBJECT.search(name)):
        return inner[1]
    if name.lower() in _NOBODY:
        return ""
    return handle_of_link(name) or name.removeprefix("@")


def handle_of_link(stated: str) -> str:
    """`ann` of a link to Ann's page on X or to a post of hers; empty for anything else."""
    found = _LINK.match(stated)
    return found[1] if found and found[1].lower() not in ("i", "intent", "statuses") else ""


def fits_handle(name: str) -> bool:
    """Whether a name has the form of a handle: of X, or of a network with servers."""
    return _HANDLE.fullmatch(name) is not None


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:5])) + (", …" if len(names) > 5 else "")
