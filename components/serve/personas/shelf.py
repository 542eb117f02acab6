"""The models in memory: loaded when asked for, the least recently used ones leaving for others."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from components.contracts.errors import HuggingtweetsError
from components.serve.personas.loader import Loader, is_out_of_memory
from components.serve.personas.model import Model, State
from components.serve.personas.sources import Fetched
from components.serve.problems import Kind, Problem

log = logging.getLogger(__name__)

RETRY_SECONDS = (5.0, 15.0, 60.0)
"""How long a failed load rests before the next try, by the failures in a row."""
CLOSE_SECONDS = 10.0
PAUSE = 0.005
THREADS = 4

Result = TypeVar("Result")


class Shelf:
    """Holds models in memory, within a limit. For the event loop alone."""

    def __init__(self, loader: Loader, limit: int, is_away: Callable[[], bool]) -> None:
        self._loader, self._limit, self._is_away = loader, limit, is_away
        self._turn = asyncio.Lock()  # one engine is made at a time, so that memory can be counted
        self._models: list[Model] = []
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
        await model.idle.wait()
        loaded, model.loaded = model.loaded, None
        assert loaded is not None
        await self._run(partial(loaded.engine.close, CLOSE_SECONDS))
        self._models.remove(model)
        model.state = State.COLD
        log.info("unloaded %s", model.label)

    async def _load(self, model: Model, *, evict: bool) -> None:
        while model.state is State.LEAVING:
            await asyncio.sleep(PAUSE)
        if model.state is State.READY:
            return
        model.state = State.LOADING
        try:
            fetched = await self._run(
                partial(self._loader.fetch, model.name, model.source, away=self._is_away())
            )
            model.keep(fetched)
            model.manifest = fetched.manifest
            model.manifest_sha256 = fetched.manifest_sha256
            async with self._turn:
                if not await self._make_room(model, fetched, evict=evict):
                    return
                loaded = await self._run(partial(self._loader.load, model.name, fetched))
        except Exception as error:
            self._fail(model, error)
            return
        model.loaded, model.state = loaded, State.READY
        model.memory, model.used_at = loaded.engine.facts.memory_bytes, time.monotonic()
        model.failure, model.failures, model.out_of_memory = None, 0, False
        self._models.append(model)
        facts = loaded.engine.facts
        log.info(
            "loaded %s in %.1f s: %s on %s, %.0f MB, %d samples at once",
            model.label, loaded.load_seconds, facts.dtype, facts.device,
            facts.memory_bytes / 1e6, facts.slots,
        )  # fmt: skip

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

    async def _make_room(self, model: Model, fetched: Fetched, *, evict: bool) -> bool:
        """Take out the least recently used models until this one fits.

        Returns whether it fits; where others may not leave for it, it stays outside until a
        request asks for it.
        """
        needed = model.memory or self._loader.memory_needed(fetched)
        while sum(other.memory for other in self._models) + needed > self._limit:
            others = [other for other in self._models if other.state is State.READY]
            if sum(other.memory for other in others) + needed <= self._limit:
                await asyncio.sleep(PAUSE)  # who leaves already makes room enough
                continue
            if others and not evict:
                log.warning("%s does not fit into memory now; a request will load it", model.label)
                model.state, model.memory = State.COLD, needed
                return False
            if not others:
                raise Problem(
                    Kind.OUT_OF_MEMORY,
                    f"{model.label} needs {needed / 1e6:.0f} MB of memory, more than the "
                    f"{self._limit / 1e6:.0f} MB that there are for models",
                )
            await self.take_out(
                min(
                    others,
                    key=lambda o: (o.name == model.name, o.in_use + o.waiting > 0, o.used_at),
                )
            )
        return True

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
