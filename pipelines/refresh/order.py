"""A refresh as a person or a pod asks for it: flags and a version's lineage into a job."""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.collect.config import SOURCES, Source
from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.evaluate.rules import gate_text
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.registry import Registry
from components.runtime.flags import (
    ENVIRONMENT_PREFIX,
    StageConfig,
    a_name,
    a_path,
    add_flags,
    read_config,
)
from components.train.config import TrainConfig
from pipelines.local.job import PersonaJob
from pipelines.refresh.lineage import Origin, source_asked
from pipelines.refresh.refreshing import Refresh
from pipelines.sources import ACCOUNTS, asking_fields, sources_given

KINDS: Sequence[type[StageConfig]] = (FetchConfig, PrepareConfig, TrainConfig, EvaluateConfig)
ENOUGH_NEW = 50


def add_refresh_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a refresh, then those of the stages, which stand over the version's lineage."""
    parser.add_argument("persona", metavar="PERSONA", type=a_name)
    group = parser.add_argument_group("the refresh")
    group.add_argument(
        "--out",
        type=a_path,
        metavar="DIR",
        help="where everything goes; accounts' posts are kept there for the next time "
        "(default: out/refresh/PERSONA)",
    )
    group.add_argument(
        "--state",
        type=a_name,
        metavar="URI",
        help="where accounts' posts are kept for the next time if DIR is not: gs:// or s3://",
    )
    group.add_argument(
        "--min-new",
        type=_count,
        default=ENOUGH_NEW,
        metavar="N",
        help=f"how many new posts make it worth a training (default: {ENOUGH_NEW})",
    )
    group.add_argument(
        "--no-gate",
        action="store_true",
        help="ask of the new model only that it predicts better than the one in production",
    )
    group.add_argument(
        "--sources",
        type=a_name,
        metavar="JSON",
        help='the sources as pipelines pass them: [{"archive": "s3://…"}]',
    )
    taken = {"registry", "beat_production"}
    for kind in KINDS:
        add_flags(parser, kind, leave_out=frozenset(taken))
        taken |= set(kind.model_fields)


def refresh_of(given: argparse.Namespace, registry: str) -> Refresh:
    """The refresh that the flags ask for; what they leave open is as the newest version tells.

    Raises:
        BadInputError: there is no such persona, or neither says what is needed.
    """
    persona = check_persona(given.persona)
    origin = Origin.of(Registry.open(registry).require(), persona)
    job = job_like(origin, vars(given), registry, no_gate=given.no_gate)
    job = replace(job, sources=_sources(given, origin, registry))
    return Refresh(persona, job, origin, given.min_new)


def job_like(
    origin: Origin,
    said: Mapping[str, Any],
    registry: str,
    *,
    no_gate: bool = False,
) -> PersonaJob:
    """The job that made a version, without its sources; flags and variables stand over it.

    Raises:
        BadInputError: none of them says what is needed.
    """
    flags = {**origin.options(), **_in_variables(KINDS), **said, "registry": registry}
    if "base_model" not in flags:
        raise BadInputError(origin.missing_base_model())
    return PersonaJob(
        sources=[],
        fetch=read_config(FetchConfig, flags, os.environ),
        prepare=read_config(PrepareConfig, flags, os.environ),
        train=read_config(TrainConfig, flags, os.environ),
        evaluate=read_config(EvaluateConfig, flags, os.environ),
        publish=PublishConfig(),
        name=origin.manifest.persona,
        until="publish",
        no_gate=no_gate,
        registry=registry,
    )


def flags_said(given: argparse.Namespace) -> dict[str, Any]:
    """The flags of the stages and of asking accounts that were said, for a pipeline's `options`."""
    names = {name for kind in KINDS for name in kind.model_fields}
    names |= {name for kind in ACCOUNTS for name in asking_fields(kind)}
    names -= {"registry"}
    said = {name: value for name, value in vars(given).items() if name in names}
    if "gate" in said:
        said["gate"] = gate_text(said["gate"])
    return {**said, **({"no_gate": True} if given.no_gate else {})}


def out_of(given: argparse.Namespace) -> Path:
    """The folder of the refresh."""
    out: Path = given.out or Path("out/refresh") / given.persona
    return out


def _sources(given: argparse.Namespace, origin: Origin, registry: str) -> list[Source]:
    if given.sources:
        return list(_listed_sources(given, origin, registry))
    if not any(getattr(given, kind.flag) for kind in SOURCES):
        return origin.sources(registry, vars(given), os.environ)
    consents = given.consent or [origin.consent()]
    named = argparse.Namespace(**{**vars(given), "consent": consents})
    return sources_given(named, os.environ, registry)


def _listed_sources(given: argparse.Namespace, origin: Origin, registry: str) -> Iterator[Source]:
    try:
        listed = json.loads(given.sources)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"--sources: it is not JSON: {error}") from error
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadInputError("--sources: it is not a list of objects")
    if not listed:
        yield from origin.sources(registry, vars(given), os.environ)
    for flags in listed:
        said = flags if "consent" in flags else {**flags, "consent": origin.consent()}
        yield source_asked(said, vars(given), registry, os.environ)


def _in_variables(kinds: Sequence[type[StageConfig]]) -> dict[str, Any]:
    """What variables say: it stands over the lineage as flags do."""
    found: dict[str, Any] = {}
    for kind in kinds:
        said = {
            name
            for name in kind.model_fields
            if os.environ.get(ENVIRONMENT_PREFIX + name.upper(), "").strip()
        }
        found |= read_config(kind, {}, os.environ).model_dump(include=said)
    return found


def _count(text: str) -> int:
    """A whole number from 0, for argparse."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
