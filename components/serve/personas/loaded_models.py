"""The models in memory: loaded when asked for, the least recently used ones leaving for others."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from components.contracts.errors import HuggingtweetsError
from components.contracts.registry import Manifest
from components.lm.engine.protocol import LoadFacts
from components.serve.personas.loader import Loader, is_out_of_memory, weights_size
from components.serve.personas.model import Base, Loaded, Model, State
from components.serve.personas.sources import Fetched
from components.serve.problems import Kind, Problem

log = logging.getLogger(__name__)

RETRY_SECONDS = (5.0, 15.0, 60.0)
"""How long a failed load rests before the next try, by the failures in a row."""
CLOSE_SECONDS = 10.0
PAUSE = 0.005
THREADS = 4

Result = TypeVar("Result")
Occupant: TypeAlias = Model | Base
"""What takes memory."""


@dataclass(frozen=True)
class Limits:
    """How much models may take of the memory."""

    memory: int
    """Bytes for all of them together."""
    adapters: int
    """Bytes of these that are kept for adapters once a base model is there."""


class LoadedModels:
    """Holds models in memory, within limits. For the event loop alone."""

    def __init__(self, loader: Loader, limits: Limits, is_away: Callable[[], bool]) -> None:
        self._loader, self._limits, self._is_away = loader, limits, is_away
        self._turn = asyncio.Lock()  # one engine is made at a time, so that memory can be counted
        self._models: list[Model] = []
        self._bases: list[Base] = []
        self._coming: dict[tuple[str, str], int] = {}
        """What the adapters take that are being loaded."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS, "models")

    @property
    def loaded(self) -> list[Model]:
        """The models that take memory now."""
        return list(self._models)

    def start(self, model: Model, *, evict: bool = True) -> asyncio.Task[None]:
        """Load a model unless it is loaded or being loaded; the task never fails: see `state`."""
        if model.loading is None or model.loading.done():
            model.loading = asyncio.create_task(self._load(model, evict=evict))
        return model.loading

    async def take_out(self, model: Model) -> None:
        """Unload a model once nobody holds it; whoever names it meanwhile waits."""
        if model.loading is not None and not model.loading.done():
            await asyncio.wait([model.loading])
        while model.state is State.READY and model.waiting:
            await asyncio.sleep(PAUSE)  # who waited until it was loaded gets it first
        while model.state is State.LEAVING:
            await asyncio.sleep(PAUSE)
        if model.state is not State.READY:
            return
        model.state = State.LEAVING
        leaving = asyncio.create_task(self._leave(model))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        await asyncio.shield(leaving)  # who gives up waiting leaves no model half-way

    async def _leave(self, model: Model) -> None:
        await model.idle.wait()
        loaded, model.loaded = model.loaded, None
        assert loaded is not None
        await self._run(partial(loaded.engine.close, CLOSE_SECONDS))
        self._models.remove(model)
        if model.base is not None:
            model.base.adapters.remove(model)
            model.base = None
        model.state = State.COLD
        log.info("unloaded %s", model.label)

    async def close(self) -> None:
        """Unload everything."""
        await asyncio.gather(*map(self.take_out, self.loaded))
        await asyncio.gather(*map(self._let_go, list(self._bases)))

    async def _load(self, model: Model, *, evict: bool) -> None:
        while model.state is State.LEAVING:
            await asyncio.sleep(PAUSE)
        if model.state is State.READY:
            return
        model.state = State.LOADING
        try:
            model.manifest = await self._run(
                partial(self._loader.look, model.name, model.source, away=self._is_away())
            )
            load = self._load_adapter if model.adapted else self._load_whole
            loaded = await load(model, evict=evict)
        except Exception as error:
            self._fail(model, error)
            return
        if loaded is None:  # it does not fit
            model.state = State.COLD
            return
        model.loaded, model.state = loaded, State.READY
        model.memory, model.used_at = loaded.engine.facts.memory_bytes, time.monotonic()
        model.failure, model.failures, model.out_of_memory = None, 0, False
        self._models.append(model)
        _say_loaded(model.label, loaded.engine.facts, loaded.load_seconds)

    async def _load_whole(self, model: Model, *, evict: bool) -> Loaded | None:
        fetched = await self._fetched(model)
        async with self._turn:
            needed = model.memory or self._loader.memory_needed(fetched.folder)
            if not await self._make_room(model, needed, adapters=False, evict=evict):
                return None
            return await self._run(partial(self._loader.load, model.name, fetched))

    async def _load_adapter(self, model: Model, *, evict: bool) -> Loaded | None:
        """None too where there is no room for its base model; nothing is fetched in vain."""
        assert model.manifest is not None
        needed = weights_size(model.manifest)
        self._coming[model.key] = needed
        try:
            if not evict and sum(self._coming.values()) > self._left(adapters=True):
                self._stays_out(model, needed)
                return None
            fetched = await self._fetched(model)
            async with self._turn:
                if not await self._make_room(model, needed, adapters=True, evict=evict):
                    return None
                base = await self._base_of(model, model.manifest, evict=evict)
                if base is None:
                    return None
                load = partial(self._loader.load_adapter, model.name, fetched, base)
                loaded = await self._run(load)
                base.adapters.append(model)
                model.base = base
                return loaded
        finally:
            del self._coming[model.key]

    async def _fetched(self, model: Model) -> Fetched:
        fetched = await self._run(partial(self._loader.fetch, model.source))
        model.keep(fetched)
        model.manifest_sha256 = fetched.manifest_sha256
        return fetched

    async def _base_of(self, model: Model, manifest: Manifest, *, evict: bool) -> Base | None:
        """The base model of an adapter, loaded if need be; None where there is no room for it."""
        facts, formats = manifest.base_model, self._loader.formats_of(manifest)
        assert facts is not None
        for base in self._bases:
            if (base.facts.sha256, base.formats) == (facts.sha256, formats):
                return base
        with ExitStack() as unused:
            kept = unused.enter_context(await self._run(partial(self._loader.fetch_base, facts)))
            needed = self._loader.memory_needed(kept.folder)
            needed += 0 if self._bases else self._limits.adapters
            if not await self._make_room(model, needed, adapters=False, evict=evict):
                return None
            started = time.monotonic()
            base = await self._run(partial(self._loader.load_base, facts, kept, manifest))
            self._bases.append(base)
            unused.pop_all()
        _say_loaded(f"the base model {facts.id}", base.engine.facts, time.monotonic() - started)
        return base

    def _fail(self, model: Model, error: Exception) -> None:
        model.state = State.FAILED
        model.out_of_memory = is_out_of_memory(error) or (
            isinstance(error, Problem) and error.kind is Kind.OUT_OF_MEMORY
        )
        if isinstance(error, HuggingtweetsError):
            model.failure = str(error)
        elif model.out_of_memory:
            model.failure = f"there is not enough memory for {model.label}"
        else:
            model.failure = f"{model.label} cannot be loaded; the server's log says why"
            log.exception("loading %s failed", model.label, exc_info=error)
        rest = RETRY_SECONDS[min(model.failures, len(RETRY_SECONDS) - 1)]
        model.failures += 1
        model.retry_at = time.monotonic() + rest
        log.error("cannot load %s: %s", model.label, model.failure)

    async def _make_room(self, model: Model, needed: int, *, adapters: bool, evict: bool) -> bool:
        """Let the least recently used models, or adapters, go until so many bytes are left for one.

        Returns whether they are; where others may not leave for it, it stays outside until a
        request asks for it.
        """
        while self._left(adapters=adapters) < needed:
            others = [one for one in self._occupants(adapters=adapters) if _may_leave(one)]
            if self._left(others, adapters=adapters) >= needed:
                await asyncio.sleep(PAUSE)  # who leaves already makes room enough
                continue
            if others and not evict:
                self._stays_out(model, needed)
                return False
            if not others:
                raise self._too_large(model, needed, adapters=adapters)
            await self._let_go(min(others, key=partial(_order, model.name)))
        return True

    def _occupants(self, *, adapters: bool) -> list[Occupant]:
        """The adapters in memory, or the whole models and base models."""
        found = [model for model in self._models if (model.base is not None) == adapters]
        return [*found, *([] if adapters else self._bases)]

    def _left(self, beside: Sequence[Occupant] | None = None, *, adapters: bool) -> int:
        """Bytes that are left for adapters, or for the others, beside these or all that are there.

        Adapters have their own part, which is nobody else's while a base model is there.
        """
        there = self._occupants(adapters=adapters) if beside is None else beside
        taken = sum(one.memory for one in there)
        if adapters:
            return self._limits.adapters - taken
        kept = self._limits.adapters if any(isinstance(one, Base) for one in there) else 0
        return self._limits.memory - kept - taken

    def _stays_out(self, model: Model, needed: int) -> None:
        # that adapters stay on disk until they are asked for is no news
        level = logging.DEBUG if model.adapted else logging.WARNING
        log.log(level, "%s does not fit into memory now; a request will load it", model.label)
        model.memory = needed

    def _too_large(self, model: Model, needed: int, *, adapters: bool) -> Problem:
        limit = self._limits.adapters if adapters else self._limits.memory
        return Problem(
            Kind.OUT_OF_MEMORY,
            f"{model.label} needs {needed / 1e6:.0f} MB of memory, more than the "
            f"{limit / 1e6:.0f} MB that there are for {'adapters' if adapters else 'models'}",
        )

    async def _let_go(self, one: Occupant) -> None:
        """Unload a model, or a base model with its adapters."""
        if isinstance(one, Model):
            await self.take_out(one)
            return
        await asyncio.gather(*map(self.take_out, list(one.adapters)))
        await self._run(partial(one.engine.close, CLOSE_SECONDS))
        one.kept.close()
        self._bases.remove(one)
        log.info("unloaded the base model %s", one.facts.id)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _may_leave(one: Occupant) -> bool:
    models = [one] if isinstance(one, Model) else one.adapters
    return all(model.state is State.READY for model in models)


def _order(name: str, one: Occupant) -> tuple[bool, bool, float]:
    """Who leaves first: others before the versions of `name`, who is idle, whoever was used last
    the longest ago."""
    models = [one] if isinstance(one, Model) else one.adapters
    return (
        any(model.name == name for model in models),
        any(model.in_use + model.waiting > 0 for model in models),
        max((model.used_at for model in models), default=0.0),
    )


def _say_loaded(label: str, facts: LoadFacts, seconds: float) -> None:
    log.info(
        "loaded %s in %.2f s: %s on %s, %.1f MB, %d samples at once",
        label, seconds, facts.dtype, facts.device, facts.memory_bytes / 1e6, facts.slots,
    )  # fmt: skip
