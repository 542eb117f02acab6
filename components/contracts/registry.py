"""The documents of the registry: a version's manifest and an alias."""

import hashlib

from pydantic import Field

from components.contracts.base import Contract, Report, Timestamp
from components.contracts.lineage import Lineage
from components.contracts.reports import BaseModelFacts


class FileEntry(Contract):
    """One file of a version."""

    path: str
    """Relative to the version's folder, with forward slashes."""
    size: int
    """Bytes."""
    sha256: str


class Manifest(Report):
    """`<persona>/versions/<n>/manifest.json`: written last, so a version exists with it."""

    persona: str
    version: int
    created_at: Timestamp
    files: tuple[FileEntry, ...]
    """Every file of the version but this one, by path."""
    lineage: Lineage
    """From the input's digest to the model: `digests` (`inputs` by author, then each artifact's),
    `consent` by author; the reports, which say what was chosen, of `collect` (by author), `fetch`,
    `prepare`, `train` and `evaluate`; where they are known, `images` with their digests by stage,
    and `runs`: the ids `wandb` and `kubeflow`."""
    base_model: BaseModelFacts | None = Field(default=None, exclude_if=lambda base: base is None)
    """What the version is an adapter of: it lies in the registry under `bases/<sha256>/`. Left out
    for a whole model, whose document stays the same to the byte as its digest says."""
    formats: dict[str, float] = {}
    """Bits per byte of the newest posts by dtype (`fp32`, `bf16`, `int8`), computed as a
    server computes: it takes no format that needs more than 1% more than `fp32`."""
    upload: str = ""
    """The random name of the upload that it came from: tells one publish from every other."""
    job: str = ""
    """What published it, the same for every attempt: a run's id and the digest of the model. Empty
    where each publish is meant to make a version."""

    @property
    def own_sha256(self) -> str:
        """The digest of the document itself."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


class BaseManifest(Report):
    """`bases/<sha256>/manifest.json`: a base model that adapters need; it exists with this."""

    sha256: str
    """The digest of its folder: of what `sha256sum` prints for its files in order."""
    id: str
    """Its name: a Hub id, a URI, a folder's name, or the bundled model's."""
    revision: str | None
    files: tuple[FileEntry, ...]
    """Every file but this one, by path."""


class AliasMove(Contract):
    """One move of an alias."""

    version: int
    manifest_sha256: str
    moved_at: Timestamp
    rollback: bool = False
    """Whether this move went back to where the alias pointed before."""
    id: str = ""
    """A random name: tells one move from every other."""


class Alias(Report):
    """An alias file: where it points, and every place that it pointed to, oldest first."""

    version: int
    """0 while it points nowhere, after its first move was undone."""
    manifest_sha256: str
    history: tuple[AliasMove, ...] = ()
    """The last one is where it points now."""


class PersonaState(Report):
    """What `huggingtweets registry show --json` says of a persona."""

    persona: str
    versions: tuple[int, ...]
    """In order."""
    aliases: dict[str, Alias]
    """Those that are set, by name."""
    stale: tuple[int, ...] = ()
    """The versions that learned from posts which are forgotten since."""


class Claim(Report):
    """`registry/<persona>/claims/<n>.json`: the next version, decided but not yet in its place.

    Whoever meets it finishes it, so that a publisher who was killed holds nobody up.
    """

    manifest: Manifest
    """What will be written last."""


class OptOut(Contract):
    """One person who does not want to be imitated."""

    account_id: str | None = None
    handle: str | None = None
    """Without the @, in lower case."""
    added_at: Timestamp


class OptOutList(Report):
    """`registry/opt-outs.json`: everyone who opted out, in the order of their asking."""

    people: tuple[OptOut, ...] = ()


class StaleVersion(Contract):
    """A version that learned from posts which are forgotten since; it is never served again."""

    persona: str
    version: int
    marked_at: Timestamp
    why: str
    """A sentence that names no post."""


class StaleList(Report):
    """`registry/stale.json`: every stale version, in the order of their marking."""

    versions: tuple[StaleVersion, ...] = ()
    datasets: tuple[str, ...] = ()
    """The digests that train datasets had while they held such posts: no model that was trained on
    one is published any more."""
    posts: tuple[str, ...] = ()
    """HMAC-SHA256 of the ids of forgotten posts, under the operator's key: who has it collects them
    no more."""

    def find(self, persona: str, version: int) -> StaleVersion | None:
        """What is said of this version; None where it is not stale."""
        found = (one for one in self.versions if (one.persona, one.version) == (persona, version))
        return next(found, None)

    def of(self, persona: str) -> frozenset[int]:
        """The stale versions of a persona."""
        return frozenset(one.version for one in self.versions if one.persona == persona)


class PostHashes(Report):
    """`post-hashes.json` of a dataset or a version: which posts it holds, for who has the key.

    Whoever guesses an id can tell its plain digest; these tell nobody anything without the key.
    """

    key_id: str
    """Tells the key from others, and nothing else of it."""
    posts: tuple[str, ...]
    """HMAC-SHA256 in hex of each post's id in UTF-8, sorted."""
