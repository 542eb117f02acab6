"""Which version is pushed, and whether it may be."""

import logging
from pathlib import Path

from components.contracts.artifacts import EVALUATION_REPORT
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.gate.judgement import GateFailedError, gate_of
from components.registry import ALIASES, LATEST, PRODUCTION, Registry
from components.registry.layout import number_of

log = logging.getLogger(__name__)


def chosen_version(registry: Registry, persona: str, version: str | None) -> int:
    """The number of a version that is named by number or alias; left out: that in production.

    While nothing is in production, it is the latest.

    Raises:
        BadInputError: there is no such persona, version or alias.
    """
    if version and (number := number_of(version)):
        return number
    if version and version not in ALIASES:
        raise BadInputError(
            f"{version!r} is neither the number of a version nor one of {', '.join(ALIASES)}"
        )
    for name in (version,) if version else (PRODUCTION, LATEST):
        if (alias := registry.alias(persona, name)) is not None:
            log.info("%s of %s is version %d", name, persona, alias.version)
            return alias.version
    if not registry.versions(persona):
        raise BadInputError(f"there is no persona {persona} in {registry.store.uri}")
    raise BadInputError(
        f"{persona} has no {version or PRODUCTION}; name a version, as {persona}@1: "
        f"`huggingtweets registry show {persona}` lists them"
    )


def ask_gate(folder: Path, manifest: Manifest, *, must_pass: bool) -> bool:
    """Whether the version in this folder passed the gate.

    What is asked is the version's own evaluation, whose digest its manifest states.

    Raises:
        GateFailedError: it did not, and must.
        BadInputError: it does not say, and must.
    """
    name = f"{manifest.persona}@{manifest.version}"
    if not (folder / EVALUATION_REPORT).is_file():
        if not must_pass:
            return False
        raise BadInputError(
            f"{name} has no {EVALUATION_REPORT}, so nobody can tell whether it passed the gate; "
            "evaluate and publish it anew, or push it with --no-gate"
        )
    gate = gate_of(folder)
    if gate.passed:
        return True
    if must_pass:
        raise GateFailedError(
            f"{name} did not pass the gate, so it was not pushed: {gate.failures} "
            "With --no-gate it is pushed all the same, and its card says so"
        )
    return False
