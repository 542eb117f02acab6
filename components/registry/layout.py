"""Where everything stands in the registry."""

import re
from collections.abc import Iterator

from components.contracts.artifacts import BASES, MANIFEST
from components.contracts.errors import BadInputError
from components.storage import Store

LATEST = "latest"
CANDIDATE = "candidate"
PRODUCTION = "production"
ALIASES = (LATEST, CANDIDATE, PRODUCTION)
OPT_OUTS = "opt-outs.json"
AUDIT = ".audit/"
"""No persona can have this name."""
AUDIT_HEAD = f"{AUDIT}head.json"
AUDIT_ENTRIES = f"{AUDIT}entries/"
STALE = "stale.json"
FLEETS = ".fleets/"
"""Below it, a folder for each fleet; no persona has this name."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]*", re.ASCII)
_MANIFEST_KEY = re.compile(r"[^/]+/versions/([1-9][0-9]*)/" + re.escape(MANIFEST))
_CLAIM_KEY = re.compile(r"[^/]+/claims/([1-9][0-9]*)\.json")


def versions_folder(persona: str) -> str:
    """Below it, a folder for each version."""
    return f"{persona}/versions/"


def version_folder(persona: str, version: int) -> str:
    """Where the files of a version stand."""
    return f"{persona}/versions/{version}/"


def version_uri(registry: str, persona: str, version: int) -> str:
    """The address of a version in the registry at this one."""
    return f"{registry.rstrip('/')}/{version_folder(persona, version)}".rstrip("/")


def manifest_key(persona: str, version: int) -> str:
    """The document that makes a version exist."""
    return version_folder(persona, version) + MANIFEST


def alias_key(persona: str, alias: str) -> str:
    """The alias's document, beside the versions.

    Raises:
        BadInputError: there is no such alias.
    """
    if alias not in ALIASES:
        raise BadInputError(f"{alias!r} is not an alias: use {', '.join(ALIASES)}")
    return f"{persona}/{alias}.json"


def uploads_folder(persona: str) -> str:
    """Below it, a folder for each publish that is under way or was killed."""
    return f"{persona}/uploads/"


def staging_folder(persona: str, upload: str) -> str:
    """Where one publish gathers its files."""
    return f"{persona}/uploads/{upload}/"


def claim_key(persona: str, version: int) -> str:
    """The document that decides who publishes a version."""
    return f"{persona}/claims/{version}.json"


def audit_key(number: int) -> str:
    """An entry of the audit log; listed, they are in order."""
    return f"{AUDIT_ENTRIES}{number:09}.json"


def persona_folders(store: Store) -> list[str]:
    """The folders that may be personas, sorted."""
    others = {AUDIT.rstrip("/"), FLEETS.rstrip("/")}
    return [name for name in store.folders() if name not in others]


def base_folder(sha256: str) -> str:
    """Where the files of a base model stand."""
    return f"{BASES}/{sha256}/"


def base_manifest_key(sha256: str) -> str:
    """The document that makes a base model exist."""
    return base_folder(sha256) + MANIFEST


def kept_bases(store: Store) -> list[str]:
    """The digests of the base models that are there, or of which something is."""
    return [name for name in store.folders(f"{BASES}/") if _DIGEST.fullmatch(name)]


def holds_personas(store: Store) -> bool:
    """Whether anything in the store looks like a persona, be it damaged."""
    return any("versions" in store.folders(name) for name in persona_folders(store))


def published_versions(store: Store, persona: str) -> list[int]:
    """The versions that have a manifest, in order."""
    return sorted(_numbers(store, versions_folder(persona), _MANIFEST_KEY))


def claimed_versions(store: Store, persona: str) -> list[int]:
    """The versions that are decided but not yet in place, in order."""
    return sorted(_numbers(store, f"{persona}/claims/", _CLAIM_KEY))


def number_of(folder: str) -> int | None:
    """The version whose files stand in a folder of this name, if it is a version's."""
    return int(folder) if _NUMBER.fullmatch(folder) else None


def _numbers(store: Store, prefix: str, pattern: re.Pattern[str]) -> Iterator[int]:
    for stat in store.list(prefix):
        if match := pattern.fullmatch(stat.key):
            yield int(match[1])
