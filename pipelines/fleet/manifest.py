"""The list that a fleet is made from: JSON lines, a persona each, all read before one begins."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.collect.config import AccountSource, CollectConfig, FileSource, Source
from components.contracts.artifacts import check_persona
from components.contracts.base import first_problem
from components.contracts.errors import BadInputError
from components.contracts.fleet import FleetLine, Listed
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.runtime.flags import StageConfig, fields_of, read_config
from components.storage import ObjectMissingError, open_store
from components.train.config import TrainConfig
from pipelines.local.job import PersonaJob
from pipelines.sources import source_of_flags

KINDS: tuple[type[StageConfig], ...] = (FetchConfig, PrepareConfig, TrainConfig, EvaluateConfig)
NO_GATE = "no_gate"
OPTIONS = frozenset(
    {NO_GATE, *(name for kind in KINDS for name in kind.model_fields)} - {"registry"}
)
"""What a line may say of how its persona is made."""
OF_SOURCES = frozenset(fields_of(CollectConfig)) - {"registry"}
"""What a line may say of a source."""


@dataclass(frozen=True)
class Entry:
    """A line, read and found right."""

    number: int
    """Of the line, from 1."""
    persona: str
    line_sha256: str
    job: PersonaJob

    @property
    def listed(self) -> Listed:
        """As the registry's list holds it."""
        return Listed(persona=self.persona, line_sha256=self.line_sha256)


@dataclass(frozen=True)
class FleetManifest:
    """The whole list."""

    place: str
    data: bytes
    sha256: str
    entries: Sequence[Entry]


def read_fleet_manifest(
    place: str, registry: str, flags: Mapping[str, Any], environment: Mapping[str, str]
) -> FleetManifest:
    """Read the list at a path or URI; every line is found right, or none is taken.

    What a line says stands over `flags`, which are those of the command, over the environment.

    Raises:
        BadInputError: a line is wrong; the message names it by its number.
        StorageError: the list cannot be read.
    """
    data = _bytes_of(place)
    shared = {name: value for name, value in flags.items() if name in OPTIONS}
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    for number, line in _lines(data, place):
        try:
            entry = _entry(number, line, registry, shared, environment)
        except BadInputError as error:
            raise BadInputError(f"{place}, line {number}: {error}") from error
        first = lines.setdefault(entry.persona.lower(), number)
        if first != number:
            raise BadInputError(
                f"{place}, line {number}: the persona {entry.persona} stands in line {first}, too; "
                "give each a name of its own"
            )
        entries.append(entry)
    if not entries:
        raise BadInputError(f"{place} lists no persona; give a JSON object a line for each")
    return FleetManifest(place, data, hashlib.sha256(data).hexdigest(), entries)


def check_seen_by_pods(manifest: FleetManifest) -> None:
    """Make sure that nothing in the list lies on this machine alone.

    Raises:
        BadInputError: something does.
    """
    for entry in manifest.entries:
        files = [one.place for one in entry.job.sources if isinstance(one, FileSource)]
        base = entry.job.fetch.base_model
        local = [place for place in files if not place.startswith(("gs://", "s3://"))]
        if base.startswith(("/", ".", "~")) or Path(base).exists():
            local.append(base)
        for place in local[:1]:
            raise BadInputError(
                f"{manifest.place}, line {entry.number}: no pod sees {place}; give gs:// or s3://"
            )


def _bytes_of(place: str) -> bytes:
    folder, slash, name = place.rpartition("/")
    if not name or folder.endswith(":/"):
        raise BadInputError(f"--manifest: {place} names no file")
    try:
        return open_store(folder or slash or ".").get(name).data
    except ObjectMissingError as error:
        raise BadInputError(f"--manifest: there is no file {place}") from error
    except IsADirectoryError as error:
        raise BadInputError(f"--manifest: {place} is a folder; name a file") from error


def _lines(data: bytes, place: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise BadInputError(f"{place}, line {number}: it is not UTF-8 text") from error
        if text:
            yield number, text


def _entry(
    number: int,
    text: str,
    registry: str,
    shared: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Entry:
    try:
        line = FleetLine.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(first_problem(error)) from error
    _check_known(line.options, OPTIONS, "options")
    own = {name: value for name, value in line.options.items() if value is not None}
    job = _job(line, {**shared, **own, "registry": registry}, environment)
    said = {**line.model_dump(mode="json"), "options": {**shared, **own}}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
    return Entry(number, check_persona(line.persona), digest, job)


def _job(line: FleetLine, flags: Mapping[str, Any], environment: Mapping[str, str]) -> PersonaJob:
    no_gate = flags.get(NO_GATE, False)
    if not isinstance(no_gate, bool):
        raise BadInputError(f"options.{NO_GATE}: {no_gate!r} is neither true nor false")
    return PersonaJob(
        sources=list(_sources(line, str(flags["registry"]), environment)),
        fetch=read_config(FetchConfig, flags, environment),
        prepare=read_config(PrepareConfig, flags, environment),
        train=read_config(TrainConfig, flags, environment),
        evaluate=read_config(EvaluateConfig, flags, environment),
        publish=PublishConfig(),
        name=line.persona,
        until="publish",
        no_gate=no_gate,
        registry=str(flags["registry"]),
    )


def _sources(line: FleetLine, registry: str, environment: Mapping[str, str]) -> Iterator[Source]:
    seen: list[tuple[object, ...]] = []
    for at, flags in enumerate(line.sources, 1):
        _check_known(flags, OF_SOURCES, f"source {at}")
        if "consent" not in flags and line.consent is None:
            raise BadInputError(
                f"source {at}: on which basis are its posts used? give the line a consent"
            )
        said = {"consent": line.consent, **flags, "registry": registry}
        source = source_of_flags(said, environment)
        author = None if isinstance(source, AccountSource) else source.author
        if (whole := (source.flag, source.place, author)) in seen:
            raise BadInputError(f"source {at}: {source.place} is given twice; give it once")
        seen.append(whole)
        yield source


def _check_known(said: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in said:
        if name not in known:
            raise BadInputError(f"{where}.{name}: it is not known here")
