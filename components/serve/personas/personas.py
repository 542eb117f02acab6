"""Which model answers to which name: the table that requests, aliases and managers share."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass

from components.registry import Registry
from components.serve.personas.loaded_models import LoadedModels
from components.serve.personas.model import Loaded, Model, State
from components.serve.personas.sources import RegistrySource
from components.serve.personas.watcher import Pointers
from components.serve.problems import Kind, Problem

log = logging.getLogger(__name__)

MOST_WAITING = 100
"""Requests that may wait for one model to be loaded."""


@dataclass(frozen=True)
class Chosen:
    """A default version that a manager set; it holds until production next moves."""

    version: str
    move: str | None


class Held:
    """A model that stays in memory until it is released."""

    def __init__(self, model: Model, loaded: Loaded) -> None:
        self.model, self.loaded = model, loaded
        self._released = False
        model.hold()

    def release(self) -> None:
        """Let it go; more than once does no harm."""
        if not self._released:
            self._released = True
            self.model.release()


class Personas:
    """Every model that may be named. For the event loop alone."""

    def __init__(self, registry: Registry, loaded_models: LoadedModels) -> None:
        self.registry, self.loaded_models = registry, loaded_models
        self._models: dict[tuple[str, str], Model] = {}
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
        self._tasks: set[asyncio.Task[None]] = set()

    # What there is

    def names(self) -> list[str]:
        """Every name that answers or will, sorted."""
        return sorted({name for name, _ in self._models})

    def of(self, name: str) -> list[Model]:
        """The versions of a name, oldest first.

        Raises:
            Problem: there are none.
        """
        found = [model for model in self._models.values() if model.name == name]
        if not found and not self._followed:
            raise Problem(Kind.UNAVAILABLE, "the server is starting; ask again in a few seconds")
        if not found:
            raise Problem(Kind.MODEL_NOT_FOUND, f"there is no model {name} here", "model")
        return sorted(found, key=lambda model: _order(model.version))

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
        return [one for one in self._models.values() if one.fetched and one.state not in moving]

    def needed(self) -> set[tuple[str, int]]:
        """Persona and number of each version whose files should stay on the disk."""
        known = {model.published for model in self._models.values() if model.published}
        pointed = {(name, one) for name, found in self._pointers.items() for one in found.kept()}
        return known | pointed

    # Asking for a model

    async def hold(self, name: str, version: str | None, deadline: float) -> "Held":
        """The model in memory, which stays there until `release`; it is loaded first if need be.

        Raises:
            Problem: there is none, it cannot be loaded, or not before `deadline` (as of
                `time.monotonic()`).
        """
        model = self.find(name, version)
        while model.loaded is None or model.state is not State.READY:
            await self._wait_for(model, deadline)
            model = self.find(name, version)
        return Held(model, model.loaded)

    async def _wait_for(self, model: Model, deadline: float) -> None:
        if not model.scaling.min_workers:
            raise Problem(
                Kind.UNAVAILABLE, f"{model.label} has no worker; scale it up to 1 to use it"
            )
        resting = model.state is State.FAILED and time.monotonic() < model.retry_at
        if not resting:
            if model.waiting >= MOST_WAITING:
                raise Problem(Kind.OVERLOAD, f"too many requests wait for {model.label}")
            await self._loaded_by(model, deadline)
        if model.state is State.FAILED:
            kind = Kind.OUT_OF_MEMORY if model.out_of_memory else Kind.UNAVAILABLE
            raise Problem(kind, model.failure or f"{model.label} cannot be loaded")

    async def _loaded_by(self, model: Model, deadline: float) -> None:
        model.waiting += 1
        try:
            left = max(deadline - time.monotonic(), 0)
            done, _ = await asyncio.wait([self.loaded_models.start(model)], timeout=left)
        finally:
            model.waiting -= 1
        if not done:
            raise Problem(Kind.TIMEOUT, f"{model.label} was not loaded in time")
        self._settle(model.name)

    # Following the aliases

    def follow(self, pointers: Mapping[str, Pointers], *, at_startup: bool = False) -> list[Model]:
        """Take over where the aliases point; returns the models that should be loaded now.

        What left memory for others, or never fitted, is not among them: a request loads it again.
        """
        self._pointers, self._followed = pointers, True
        self._removed = {
            key: move for key, move in self._removed.items() if self._move(key[0]) == move
        }
        for name, found in pointers.items():
            for version, pointer in found.versions().items():
                key = (name, str(version))
                if key not in self._models and key not in self._removed:
                    source = RegistrySource(self.registry, name, version, pointer.manifest_sha256)
                    self._models[key] = Model(name, str(version), source, at_startup=at_startup)
        for name in self.names():
            self._settle(name)
        return [model for model in self._models.values() if self._should_load(model)]

    def _should_load(self, model: Model) -> bool:
        if not self._is_pointed_to(model) or not model.scaling.min_workers:
            return False
        if model.state is State.FAILED:
            return model.retry_at < time.monotonic()
        return model.state is State.COLD and not model.memory

    async def load(self, model: Model, *, evict: bool = False) -> None:
        """Load a model; see its `state` for how it went. Its name may then answer by it.

        Others leave memory for it with `evict`, or if its name answers already: what nobody asked
        for yet takes nobody's place.
        """
        evict = evict or any(other.state is State.READY for other in self.of(model.name))
        await asyncio.wait([self.loaded_models.start(model, evict=evict)])
        self._settle(model.name)

    def load_later(self, model: Model) -> None:
        """Load a model, others leaving for it, while the caller goes on."""
        self._later(self.load(model, evict=True))

    def unload_later(self, model: Model) -> None:
        """Unload a model once it is idle, while the caller goes on."""
        self._later(self.loaded_models.take_out(model))

    def refuse(self, model: Model, reason: str) -> None:
        """Take a model out for good, until its next load succeeds."""
        self._later(self._take_out_and_fail(model, reason))

    # What a manager does

    def add(self, model: Model) -> None:
        """Put a model there, whatever the aliases say.

        Raises:
            Problem: it is there already.
        """
        if model.key in self._models:
            raise Problem(
                Kind.CONFLICT,
                f"Model version {model.version} is already registered for model {model.name}",
            )
        self._models[model.key] = model
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
        known = self._models.get(model.key)
        if known is None or known.source.url != model.source.url:
            self.add(model)
            return model, True
        return known, False

    async def remove(self, model: Model) -> None:
        """Take a model away, until production next moves if an alias points to it.

        Raises:
            Problem: it answers to the bare name while there are others.
        """
        if len(self.of(model.name)) > 1 and self._answering.get(model.name) == model.version:
            raise Problem(Kind.FORBIDDEN, f"Cannot remove default version for model {model.name}")
        self._removed[model.key] = self._move(model.name)
        self._forget(model)
        await self._let_go(model)

    def choose(self, model: Model) -> None:
        """Let this version answer to the bare name, until production next moves."""
        self._chosen[model.name] = Chosen(model.version, self._move(model.name))
        self._answering[model.name] = model.version
        self._settle(model.name)

    async def close(self) -> None:
        """Unload everything."""
        for task in self._tasks:
            task.cancel()
        loaded = self.loaded_models.loaded
        await self.loaded_models.close()
        for model in (*loaded, *self._models.values()):
            model.keep(None)

    # Who answers

    def _wished(self, name: str) -> str | None:
        """The version that should answer to the bare name."""
        chosen = self._chosen.get(name)
        if chosen and chosen.move == self._move(name) and (name, chosen.version) in self._models:
            return chosen.version
        self._chosen.pop(name, None)
        pointers = self._pointers.get(name)
        if pointers and pointers.production:
            return str(pointers.production.version)
        return None

    def _settle(self, name: str) -> None:
        """Switch the name to the version that should answer once it can; let go what is left."""
        wished = self._wished(name)
        model = self._models.get((name, wished)) if wished else None
        before = self._answering.get(name)
        if model and before != wished and (model.state is State.READY or before is None):
            self._answering[name] = model.version
            if before is not None:
                log.info("%s is answered by version %s now", name, model.version)
        for other in [model for model in self._models.values() if model.name == name]:
            if not self._is_wanted(other):
                self._forget(other)
                self._later(self._let_go(other))

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

    def _forget(self, model: Model) -> None:
        self._models.pop(model.key, None)
        self._registered.discard(model.key)
        if self._answering.get(model.name) == model.version:
            del self._answering[model.name]

    async def _let_go(self, model: Model) -> None:
        """Unload a model, and let its files be deleted."""
        await self.loaded_models.take_out(model)
        model.keep(None)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_out_and_fail(self, model: Model, reason: str) -> None:
        await self._let_go(model)
        model.state, model.failure = State.FAILED, reason
        model.retry_at = time.monotonic() + 60


def _order(version: str) -> tuple[object, ...]:
    """Numbers by their value: 2 before 10, 1.9 before 1.10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in version.split(".")
    )
