"""Which version a new model has to be compared with."""

from pathlib import Path

from components.registry import PRODUCTION, Registry
from components.registry.layout import version_folder
from components.runtime.provenance import finetuned_sha256


def champion_of(registry: Path, persona: str, model: Path) -> Path | None:
    """The folder of the version that is in production; None while there is none.

    Where it is the very model that is to be judged, as in a run that is resumed after its end, it
    is the version that was in production before.
    """
    asked = Registry.open(str(registry))
    alias = asked.alias(persona, PRODUCTION)
    if alias is None:
        return None
    own, kept = finetuned_sha256(model), set(asked.versions(persona))
    for move in reversed(alias.history):
        if move.version in kept and _digest(asked, persona, move.version) != own:
            return registry / version_folder(persona, move.version)
    return None


def _digest(registry: Registry, persona: str, version: int) -> str | None:
    digests: dict[str, str] = registry.manifest(persona, version).lineage.get("digests", {})
    return digests.get("finetuned-model")
