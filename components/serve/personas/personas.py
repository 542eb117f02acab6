"""Which model answers to which name: the table that requests, aliases and managers share."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from components.registry import Registry
from components.serve.personas.model import Model, State
from components.serve.personas.sources import RegistrySource
from components.serve.personas.watcher import Pointers
from components.serve.problems import Kind, Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chosen:
    """A default version that a manager set; it holds until production next moves."""

    version: str
    move: str | None


class Personas:
    """Every model that may be named. It loads none: see `ModelManager`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._models: dict[str, dict[str, Model]] = {}
        """By name, then by version."""
        self._pointers: Mapping[str, Pointers] = {}
        self._followed = False
        """Whether it is known yet which models there are."""
        self._answering: dict[str, str] = {}
        """The version that answers to a bare name."""
        self._chosen: dict[str, Chosen] = {}
        self._registered: set[tuple[str, str]] = set()
        """Put there by a manager, whatever the aliases say."""
        self._removed: dict[tuple[str, str], str | None] = {}
        """Taken away by a manager until production next moves."""

    # What there is

    def __iter__(self) -> Iterator[Model]:
        """Every model."""
        return (model for versions in self._models.values() for model in versions.values())

    def names(self) -> list[str]:
        """Every name that answers or will, sorted."""
        return sorted(self._models)

    def of(self, name: str) -> list[Model]:
        """The versions of a name, oldest first.

        Raises:
            Problem: there are none.
        """
        found = self._models.get(name)
        if not found and not self._followed:
            raise Problem(Kind.UNAVAILABLE, "the server is starting; ask again in a few seconds")
        if not found:
            raise Problem(Kind.MODEL_NOT_FOUND, f"there is no model {name} here", "model")
        return sorted(found.values(), key=lambda model: _order(model.version))

    def default(self, name: str) -> Model:
        """The model that answers to a bare name.

        Raises:
            Problem: there is no such name, or none of its versions is in production.
        """
        if found := self.answering(name):
            return found
        versions = ", ".join(model.version for model in self.of(name))
        raise Problem(
            Kind.MODEL_NOT_FOUND,
            f"no version of {name} is in production; name one of {versions}",
            "model",
        )

    def answering(self, name: str) -> Model | None:
        """The model that answers to a bare name; None where no version is in production.

        Raises:
            Problem: there is no such name.
        """
        models = {model.version: model for model in self.of(name)}
        answering = models.get(self._answering.get(name, ""))
        wished = models.get(self._wished(name) or "")
        if answering and (wished is None or State.READY is answering.state or wished.failure):
            return answering
        return wished

    def find(self, name: str, version: str | None = None) -> Model:
        """The model that a request names.

        Raises:
            Problem: there is no such name or version.
        """
        if version is None:
            return self.default(name)
        for model in self.of(name):
            if model.version == version:
                return model
        raise Problem(Kind.VERSION_NOT_FOUND, f"{name} has no version {version} here", "model")

    def at_rest(self) -> list[Model]:
        """The models whose files are kept on the disk, but for those that just come or go."""
        moving = (State.LOADING, State.LEAVING)
        return [one for one in self if one.fetched and one.state not in moving]

    def needed(self) -> set[tuple[str, int]]:
        """Persona and number of each version whose files should stay on the disk."""
        known = {model.published for model in self if model.published}
        pointed = {(name, one) for name, found in self._pointers.items() for one in found.kept()}
        return known | pointed

    # What the aliases say

    def follow(self, pointers: Mapping[str, Pointers], *, at_startup: bool = False) -> list[Model]:
        """Take over where the aliases point; returns the models that nothing leads to any more."""
        self._pointers, self._followed = pointers, True
        self._removed = {
            key: move for key, move in self._removed.items() if self._move(key[0]) == move
        }
        for name, found in pointers.items():
            here = self._models.get(name, {})
            for number, pointer in found.versions().items():
                version = str(number)
                if version not in here and (name, version) not in self._removed:
                    source = RegistrySource(self.registry, name, number, pointer.manifest_sha256)
                    self._put(Model(name, version, source, at_startup=at_startup))
        return [model for name in self.names() for model in self.settle(name)]

    def to_load(self) -> list[Model]:
        """The models that aliases point to and that should be loaded now.

        What left memory for others, or never fitted, is not among them: a request loads it again.
        """
        return [model for model in self if self._should_load(model)]

    def _should_load(self, model: Model) -> bool:
        if not self._is_pointed_to(model) or not model.scaling.min_workers:
            return False
        if model.state is State.FAILED:
            return model.retry_at < time.monotonic()
        return model.state is State.COLD and not model.memory

    # What a manager does

    def add(self, model: Model) -> None:
        """Put a model there, whatever the aliases say.

        Raises:
            Problem: it is there already.
        """
        if model.version in self._models.get(model.name, {}):
            raise Problem(
                Kind.CONFLICT,
                f"Model version {model.version} is already registered for model {model.name}",
            )
        self._put(model)
        self._registered.add(model.key)
        self._removed.pop(model.key, None)
        if model.name not in self._pointers and model.name not in self._answering:
            self._answering[model.name] = model.version

    def known_or_added(self, model: Model) -> tuple[Model, bool]:
        """The model of this name and version that is there, or this one, put there; whether it is
        new.

        Raises:
            Problem: another one of this name and version is there.
        """
        known = self._models.get(model.name, {}).get(model.version)
        if known is None or known.source.url != model.source.url:
            self.add(model)
            return model, True
        return known, False

    def remove(self, model: Model) -> None:
        """Take a model away, until production next moves if an alias points to it.

        Raises:
            Problem: it answers to the bare name while there are others.
        """
        if len(self.of(model.name)) > 1 and self._answering.get(model.name) == model.version:
            raise Problem(Kind.FORBIDDEN, f"Cannot remove default version for model {model.name}")
        self._removed[model.key] = self._move(model.name)
        self._forget(model)

    def choose(self, model: Model) -> list[Model]:
        """Let this version answer to the bare name, until production next moves; returns what
        `settle` does."""
        self._chosen[model.name] = Chosen(model.version, self._move(model.name))
        self._answering[model.name] = model.version
        return self.settle(model.name)

    # Who answers

    def settle(self, name: str) -> list[Model]:
        """Switch the name to the version that should answer once it can; returns the models that
        nothing leads to any more."""
        wished = self._wished(name)
        models = self._models.get(name, {})
        model = models.get(wished) if wished else None
        before = self._answering.get(name)
        if model and before != wished and (model.state is State.READY or before is None):
            self._answering[name] = model.version
            if before is not None:
                log.info("%s is answered by version %s now", name, model.version)
        left = [other for other in models.values() if not self._is_wanted(other)]
        for other in left:
            self._forget(other)
        return left

    def _wished(self, name: str) -> str | None:
        """The version that should answer to the bare name."""
        chosen = self._chosen.get(name)
        here = self._models.get(name, {})
        if chosen and chosen.move == self._move(name) and chosen.version in here:
            return chosen.version
        self._chosen.pop(name, None)
        pointers = self._pointers.get(name)
        if pointers and pointers.production:
            return str(pointers.production.version)
        return None

    def _is_wanted(self, model: Model) -> bool:
        chosen = self._chosen.get(model.name)
        return (
            model.key in self._registered
            or self._is_pointed_to(model)
            or (chosen is not None and chosen.version == model.version)
            or (model.name in self._pointers and self._answering.get(model.name) == model.version)
        )

    def _is_pointed_to(self, model: Model) -> bool:
        pointers = self._pointers.get(model.name)
        return pointers is not None and model.version in map(str, pointers.versions())

    def _move(self, name: str) -> str | None:
        pointers = self._pointers.get(name)
        return pointers.production.move if pointers and pointers.production else None

    def _put(self, model: Model) -> None:
        self._models.setdefault(model.name, {})[model.version] = model

    def _forget(self, model: Model) -> None:
        versions = self._models.get(model.name, {})
        versions.pop(model.version, None)
        if not versions:
            self._models.pop(model.name, None)
        self._registered.discard(model.key)
        if self._answering.get(model.name) == model.version:
            del self._answering[model.name]


def _order(version: str) -> tuple[object, ...]:
    """Numbers by their value: 2 before 10, 1.9 before 1.10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.split(".")
    )
