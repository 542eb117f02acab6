"""Which models a manager may register: those of the registry and of the model store, no others.

TorchServe fetched whatever URL it was given, which was a door for attackers. Nothing is fetched
from an address here: a URL either names a version of the configured registry, or is the plain name
of a file that lies in the model store already.
"""

import re
from pathlib import Path

from components.contracts.artifacts import check_persona
from components.contracts.errors import BadInputError
from components.registry import Registry
from components.serve.archives.read import archive_facts
from components.serve.config import ServeConfig
from components.serve.personas.model import Model
from components.serve.personas.sources import MarSource, RegistrySource
from components.serve.problems import Kind, Problem

SUFFIX = ".mar"
_VERSION = re.compile(r"/(?P<persona>[^/]+)/versions/(?P<version>[1-9][0-9]{0,8})/?")
_FILE_NAME = re.compile(r"[\w-][\w.-]{0,199}", re.ASCII)


def model_at(url: str, name: str | None, registry: Registry, config: ServeConfig) -> Model:
    """The model that `url` names, under `name` or its own. Blocks: for other threads.

    Raises:
        Problem: the URL is neither a version of the registry nor a file name in the model store
            (403), or nothing is there (404).
        BadInputError: what is there is no model archive that may be read.
    """
    if match := _in_registry(url, config.registry):
        return _of_registry(match["persona"], int(match["version"]), name, registry)
    if _FILE_NAME.fullmatch(url) and config.model_store is not None:
        return _of_store(config.model_store / url, name)
    raise Problem(
        Kind.FORBIDDEN,
        "url must be REGISTRY/<persona>/versions/<n> of this server's registry, or the name of a "
        "file in its model store",
        "url",
    )


def adapter_at(place: str, name: str, registry: Registry, config: ServeConfig) -> Model:
    """The adapter at `place` in the registry, under `name`. Blocks: for other threads.

    Raises:
        Problem: the place is no version of the registry (403), or nothing is there (404), or it is
            a whole model (400).
        BadInputError: the name can be no model's.
    """
    inside = place if "://" in place or place.startswith("/") else f"{config.registry}/{place}"
    match = _in_registry(inside, config.registry)
    if match is None:
        raise Problem(
            Kind.FORBIDDEN,
            "lora_path must be REGISTRY/<persona>/versions/<n> of this server's registry",
            "lora_path",
        )
    model = _of_registry(match["persona"], int(match["version"]), name, registry, "lora_path")
    model.manifest = registry.manifest(match["persona"], int(match["version"]))
    if model.adapted is None:
        said = f"{place} is a whole model and no adapter; register it with POST /models"
        raise Problem(Kind.BAD_REQUEST, said, "lora_path")
    return model


def stored_models(config: ServeConfig) -> list[Model]:
    """The archives that are to be loaded at the start.

    Raises:
        BadInputError: there is no model store, or an archive in it cannot be read.
    """
    if not config.load_models:
        return []
    if config.model_store is None:
        raise BadInputError("--load-models: name the folder of the archives with --model-store")
    if "all" in config.load_models:
        paths = sorted(config.model_store.glob("*" + SUFFIX))
        return [_of_store(path, None, at_startup=True) for path in paths]
    found = []
    for entry in config.load_models:
        name, _, file = entry.rpartition("=")
        if not _FILE_NAME.fullmatch(file):
            raise BadInputError(f"--load-models: {file!r} is not a file name in the model store")
        found.append(_of_store(config.model_store / file, name or None, at_startup=True))
    return found


def _in_registry(url: str, registry_uri: str) -> re.Match[str] | None:
    """A registry in a folder may be named as a path or with file://, here as everywhere."""
    root, place = (text.removeprefix("file://") for text in (registry_uri.rstrip("/"), url))
    return _VERSION.fullmatch(place.removeprefix(root)) if place.startswith(root) else None


def _of_registry(
    persona: str, version: int, name: str | None, registry: Registry, field: str = "url"
) -> Model:
    try:
        check_persona(persona)
    except BadInputError as error:
        raise Problem(Kind.FORBIDDEN, str(error), field) from error
    if version not in registry.versions(persona):
        raise Problem(Kind.MODEL_NOT_FOUND, f"{persona} has no version {version}", field)
    source = RegistrySource(registry, persona, version)
    return Model(check_persona(name or persona), str(version), source)


def _of_store(path: Path, name: str | None, *, at_startup: bool = False) -> Model:
    if path.is_symlink():
        raise Problem(Kind.FORBIDDEN, f"{path.name} leads out of the model store", "url")
    if not path.is_file():
        raise Problem(Kind.MODEL_NOT_FOUND, f"the model store holds no file {path.name}", "url")
    facts = archive_facts(path)
    chosen = check_persona(name or facts.name)
    return Model(chosen, facts.version, MarSource(path), at_startup=at_startup)
