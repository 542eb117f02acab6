"""Loads the models that are asked for, or that aliases lead to, and unloads what is not wanted."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping

from components.serve.personas.loaded_models import LoadedModels
from components.serve.personas.model import Loaded, Model, State
from components.serve.personas.personas import Personas
from components.serve.personas.watcher import Pointers
from components.serve.problems import Kind, Problem

MOST_WAITING = 100
"""Requests that may wait for one model to be loaded."""
REST_SECONDS = 60.0
"""How long a model that was refused rests before it may be loaded again."""


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


class ModelManager:
    """Brings models into memory and out of it as `personas` says. For the event loop alone."""

    def __init__(self, personas: Personas, loaded_models: LoadedModels) -> None:
        self.personas, self.loaded_models = personas, loaded_models
        self._tasks: set[asyncio.Task[None]] = set()

    # Asking for a model

    async def hold(self, name: str, version: str | None, deadline: float) -> Held:
        """The model in memory, which stays there until `release`; it is loaded first if need be.

        Raises:
            Problem: there is none, it cannot be loaded, or not before `deadline` (as of
                `time.monotonic()`).
        """
        model = self.personas.find(name, version)
        while model.loaded is None or model.state is not State.READY:
            await self._wait_for(model, deadline)
            model = self.personas.find(name, version)
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
        """Take over where the aliases point; returns the models that should be loaded now."""
        self._let_go_later(self.personas.follow(pointers, at_startup=at_startup))
        return self.personas.to_load()

    # What a manager does

    async def load(self, model: Model, *, evict: bool = False) -> None:
        """Load a model; see its `state` for how it went. Its name may then answer by it.

        Others leave memory for it with `evict`, or if its name answers already: what nobody asked
        for yet takes nobody's place.
        """
        of_its_name = self.personas.of(model.name)
        evict = evict or any(other.state is State.READY for other in of_its_name)
        await asyncio.wait([self.loaded_models.start(model, evict=evict)])
        self._settle(model.name)

    def load_later(self, model: Model) -> None:
        """Load a model, others leaving for it, while the caller goes on."""
        self._later(self.load(model, evict=True))

    async def unload(self, model: Model) -> None:
        """Unload a model once it is idle; a request may load it again."""
        await self.loaded_models.take_out(model)

    def unload_later(self, model: Model) -> None:
        """Unload a model once it is idle, while the caller goes on."""
        self._later(self.unload(model))

    def refuse(self, model: Model, reason: str) -> None:
        """Take a model out for good, until its next load succeeds."""
        self._later(self._take_out_and_fail(model, reason))

    async def remove(self, model: Model) -> None:
        """Take a model away, as `Personas.remove` says, and unload it."""
        self.personas.remove(model)
        await self._let_go(model)

    def choose(self, model: Model) -> None:
        """Let this version answer to the bare name, until production next moves."""
        self._let_go_later(self.personas.choose(model))

    async def close(self) -> None:
        """Unload everything."""
        for task in self._tasks:
            task.cancel()
        loaded = self.loaded_models.loaded
        await self.loaded_models.close()
        for model in (*loaded, *self.personas):
            model.keep(None)

    def _settle(self, name: str) -> None:
        self._let_go_later(self.personas.settle(name))

    def _let_go_later(self, models: Iterable[Model]) -> None:
        for model in models:
            self._later(self._let_go(model))

    async def _let_go(self, model: Model) -> None:
        """Unload a model, and let its files be deleted."""
        await self.unload(model)
        model.keep(None)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_out_and_fail(self, model: Model, reason: str) -> None:
        await self._let_go(model)
        model.state, model.failure = State.FAILED, reason
        model.retry_at = time.monotonic() + REST_SECONDS
