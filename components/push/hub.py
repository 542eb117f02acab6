"""A model's repository on the Hub, through the Hub's own client: looked at, made, committed to."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    constants,
)
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    get_session,
    hf_raise_for_status,
    validate_repo_id,
)

from components.contracts.errors import BadInputError
from components.contracts.pushing import Pushed, PushedFile
from components.push.errors import MISSING, STALE, hub_errors, outside_text, status_of
from components.push.package import RECORD
from components.runtime.errors import one_line

log = logging.getLogger(__name__)

BRANCH = "main"
LIMITS = (10.0, 120.0, 120.0, 120.0)
"""Seconds to connect, and that the Hub may be silent while it is read, written to, waited for."""
LONGEST_RECORD = 1_000_000
"""Bytes: what is longer was not written by us."""
OWN_FILES = frozenset({".gitattributes"})
"""What the Hub itself puts into a new repository."""


class Head(NamedTuple):
    """A repository as its branch `main` stands."""

    commit: str
    private: bool
    files: Mapping[str, Any]
    """The client's `RepoSibling` of each file, by path."""

    def holds(self, file: PushedFile) -> bool | None:
        """Whether a file of this name is there with these bytes; None where the Hub does not say.

        Large files are told by SHA-256, all others as Git does.
        """
        there = self.files.get(file.path)
        if there is None:
            return False
        if there.lfs:
            return bool(there.lfs.sha256 == file.sha256)
        return None if there.blob_id is None else bool(there.blob_id == file.blob_id)


class Hub:
    """One repository. Every method raises `BadInputError` where the Hub refuses, `UnreachableError`
    where it does not answer."""

    def __init__(self, to: str, token: str) -> None:
        """Take the repository OWNER/NAME; nothing is asked yet."""
        self.to = to
        self._token = token
        self._api = HfApi(endpoint=constants.ENDPOINT, token=token, library_name="huggingtweets")
        _log_without_signatures()

    @property
    def page(self) -> str:
        """The repository's address."""
        return f"{constants.ENDPOINT}/{self.to}"

    def head(self) -> Head | None:
        """How it stands; None where there is none, or none that the token may see."""
        with _asking(self.to):
            try:
                info = self._api.model_info(self.to, timeout=LIMITS[1], files_metadata=True)
            except HfHubHTTPError as error:
                if status_of(error) == MISSING:
                    return None
                raise
            if info.id.lower() != self.to.lower():
                raise BadInputError(
                    f"{self.to} is called {info.id} on the Hub: push --to {info.id}"
                )
            files = {file.rfilename: file for file in info.siblings or ()}
            return Head(info.sha or "", bool(info.private), files)

    def record(self, head: Head) -> Pushed | None:
        """What an earlier push left there; None where there was none."""
        there = head.files.get(RECORD)
        if there is None or (there.size or 0) > LONGEST_RECORD:
            return None
        url = f"{self.page}/resolve/{head.commit}/{RECORD}"
        with _asking(self.to):
            response = get_session().get(url, headers=build_hf_headers(token=self._token))
            hf_raise_for_status(response)
        try:
            return Pushed.model_validate_json(response.content)
        except ValueError:
            return None

    def last_change(self) -> str | None:
        """`by ann at …: 'title'`, of the newest commit; None where the Hub does not say."""
        try:
            with _asking(self.to):
                last = self._api.list_repo_commits(self.to)[0]
        except Exception as error:  # it only explains another error
            log.debug("who changed %s last is not known: %s", self.to, one_line(str(error)))
            return None
        by = ", ".join(last.authors) or "somebody"
        said = f"by {by} at {last.created_at:%Y-%m-%d %H:%M} UTC: {last.title!r}"
        return outside_text(f"{said} ({last.commit_id[:7]})")

    def create(self, *, private: bool) -> None:
        """Make the repository."""
        with _asking(self.to):
            self._api.create_repo(self.to, private=private, repo_type="model")

    def make_public(self) -> None:
        """Let everybody read it."""
        with _asking(self.to):
            self._api.update_repo_settings(self.to, private=False)

    def commit(
        self,
        files: Sequence[Path],
        deleted: Collection[str],
        title: str,
        parent: str,
        ask: Callable[[], None],
    ) -> str:
        """One commit with all of it on top of `parent`; gives its id, or `parent` if it has all.

        Large files are uploaded first, which may take hours; then `ask` is called, and what it
        raises leaves the repository as it was.

        Raises:
            BadInputError: somebody else changed the repository since `parent`; it says who.
        """
        adding = [CommitOperationAdd(path.name, path) for path in files]
        with _asking(self.to):
            self._api.preupload_lfs_files(self.to, adding, free_memory=False)
            ask()
            try:
                made = self._api.create_commit(
                    self.to,
                    [*adding, *map(CommitOperationDelete, sorted(deleted))],
                    commit_message=title,
                    commit_description="Pushed by huggingtweets.",
                    parent_commit=parent or None,
                )
            except HfHubHTTPError as error:
                if status_of(error) != STALE:
                    raise
                last = self.last_change()
                who = f", {last}" if last else ""
                raise BadInputError(
                    f"{self.to} was changed on the Hub at the same time{who}; nothing was pushed: "
                    "look at that change, then push again"
                ) from error
        return str(made.oid)


def repository_name(to: str, flag: str = "--to") -> str:
    """Return `to` if it can be a repository's whole name.

    Raises:
        BadInputError: it cannot; the message names the flag.
    """
    try:
        validate_repo_id(to)
        if to.count("/") == 1:
            return to
    except HFValidationError as error:
        log.debug("%s", error)
    raise BadInputError(
        f"{flag}: {to!r} is not the OWNER/NAME of a repository on the Hub, as in jane/jane-bot"
    )


@contextmanager
def _asking(to: str) -> Iterator[None]:
    """Ask the Hub for the repository `to`, with some patience, and say in a sentence what fails."""
    with hub_errors(to):
        get_session().timeout = LIMITS  # the client's own has none, or is made anew after an error
        yield


class _NoSignatures(logging.Filter):
    """Takes the signature off the addresses that the client logs when it tries again."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = one_line(record.getMessage()), ()
        return True


_no_signatures = _NoSignatures()


def _log_without_signatures() -> None:
    """Whoever has the address of an upload under way may write there."""
    for name in ("huggingface_hub.utils._http", "httpx", "httpx2"):
        logging.getLogger(name).addFilter(_no_signatures)
