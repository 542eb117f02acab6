"""Whose rows to take from a table."""

from collections import Counter
from collections.abc import Sequence

from components.collect.posts import shown
from components.contracts.errors import BadInputError

MAX_AUTHORS = 1_000
"""How many authors of a table are counted; those beyond are just more."""


class Authors:
    """The authors that rows state, whose rows to take, and their account."""

    def __init__(self, wanted: str | None) -> None:
        self._wanted = wanted
        self._spellings: dict[str, Counter[str]] = {}
        self._account_ids: set[str] = set()
        self.others = 0
        """How many rows are of other authors than the wanted one."""

    def takes(self, stated: str, account_id: str) -> bool:
        """Whether to take a row that states this author (empty where it states none)."""
        ours = not stated or self._wanted is None or stated.lower() == self._wanted.lower()
        self.others += not ours
        known = self._spellings.get(stated.lower())
        if known is None and stated and len(self._spellings) < MAX_AUTHORS:
            known = self._spellings[stated.lower()] = Counter()
        if known is not None and len(known) < MAX_AUTHORS:
            known[stated] += 1
        if ours and account_id and len(self._account_ids) < 2:
            self._account_ids.add(account_id)
        return ours

    @property
    def account_id(self) -> str | None:
        """The one account id of the rows that were taken, if there is just one."""
        return next(iter(self._account_ids)) if len(self._account_ids) == 1 else None

    def choose(self, source: str) -> str:
        """The author of the rows that were taken, as most of them spell it.

        Raises:
            BadInputError: there are several and none is wanted, the wanted one is not there, or
                neither the rows nor the person names one.
        """
        usual = {
            key: max(counts, key=lambda handle: (counts[handle], handle))
            for key, counts in self._spellings.items()
        }
        names = _names(sorted(usual.values(), key=str.lower))
        if not usual:
            if self._wanted is None:
                raise BadInputError(
                    f"{source} does not say whose posts it holds; add --author NAME"
                )
            return self._wanted
        if self._wanted is None:
            if len(usual) > 1:
                more = "more than " if len(usual) == MAX_AUTHORS else ""
                raise BadInputError(
                    f"{source} holds posts of {more}{len(usual)} authors ({names}); "
                    "choose one with --author"
                )
            return next(iter(usual.values()))
        if self._wanted.lower() not in usual:
            raise BadInputError(
                f"{source} holds no posts of {self._wanted!r}; it holds posts of {names}"
            )
        return usual[self._wanted.lower()]


def _names(authors: Sequence[str]) -> str:
    return ", ".join(map(shown, authors[:5])) + (", …" if len(authors) > 5 else "")
