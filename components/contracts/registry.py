"""The documents of the registry: a version's manifest and an alias."""

from components.contracts.base import Contract, Report, Timestamp
from components.contracts.lineage import Lineage


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
    formats: dict[str, float] = {}
    """Bits per byte of the newest posts by dtype (`fp32`, `bf16`, `int8`), computed as a
    server computes: it takes no format that needs more than 1% more than `fp32`."""
    upload: str = ""
    """The random name of the upload that it came from: tells one publish from every other."""
    job: str = ""
    """What published it, the same for every attempt: a run's id and the digest of the model. Empty
    where each publish is meant to make a version."""


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
