"""What a push to the Hugging Face Hub leaves behind: there, and here."""

from typing import Literal

from components.contracts.base import Contract, Report


class PushedFile(Contract):
    """One file of a repository, by both digests that the Hub tells files by."""

    path: str
    """In the repository, with forward slashes."""
    sha256: str
    """What large files are told by."""
    blob_id: str
    """What all others are told by: Git's SHA-1 of the file as a blob."""


class Pushed(Report):
    """`huggingtweets.json` in the repository: which version it holds, and in which files.

    It tells a repository of ours from any other, and what somebody changed there since.
    """

    persona: str
    version: int
    manifest_sha256: str
    """The digest of the version's manifest in the registry."""
    files: tuple[PushedFile, ...]
    """Every file that was pushed but this one, by path."""


class PushReport(Report):
    """What a push did."""

    persona: str
    version: int
    to: str
    """The repository, as OWNER/NAME."""
    url: str
    """Its page."""
    commit: str
    """The head of its branch `main` in the end."""
    outcome: Literal["created", "updated", "unchanged"]
    """`unchanged`: it held all of it already, so there is no new commit."""
    public: bool
    """Whether everybody may read it in the end."""
    passed: bool
    """Whether the version passed the gate; one that did not is pushed with `--no-gate` alone."""
    sent: tuple[str, ...] = ()
    """The files that the commit adds or replaces."""
    deleted: tuple[str, ...] = ()
    """Files of an earlier push that the version does not have."""
