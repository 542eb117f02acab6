"""The loop that keeps the models in step with the registry."""

import asyncio
import logging
import time
from contextlib import suppress

from components.contracts.errors import BadInputError
from components.serve.metrics import Metrics
from components.serve.personas.model import Model, State
from components.serve.personas.opted_out import OptOuts
from components.serve.personas.personas import Personas
from components.serve.personas.watcher import Watcher

log = logging.getLogger(__name__)


class Follower:
    """Reads where the aliases point and has the models loaded, switched and let go."""

    def __init__(
        self, personas: Personas, watcher: Watcher, opt_outs: OptOuts, metrics: Metrics
    ) -> None:
        self._personas, self._watcher = personas, watcher
        self._opt_outs, self._metrics = opt_outs, metrics
        self._loads: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load what the registry has in production; return when each is loaded or has failed."""
        await self._poll(at_startup=True)
        if self._loads:
            await asyncio.wait(self._loads)
        for name in self._watcher.missing():
            log.error("%s has no production version in the registry; it is waited for", name)

    async def follow(self, seconds: float) -> None:
        """Look at the registry every so many seconds, for good."""
        while True:
            begun = time.monotonic()
            try:
                await self._poll()
            except Exception:
                log.exception("following the registry failed; it goes on")
            await asyncio.sleep(max(seconds - (time.monotonic() - begun), 0))

    async def _poll(self, *, at_startup: bool = False) -> None:
        pointers = await asyncio.to_thread(self._watcher.poll)
        self._metrics.registry_reachable.set(self._watcher.reachable)
        for model in self._personas.follow(pointers, at_startup=at_startup):
            task = asyncio.create_task(self._personas.load(model))
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)
        if self._watcher.reachable:
            await self._let_go_of_opted_out()

    async def _let_go_of_opted_out(self) -> None:
        """Whoever opts out is not imitated from the next look at the list on."""
        with suppress(BadInputError):  # said when a model is loaded
            await asyncio.to_thread(self._opt_outs.refresh)
        for model in self._personas.shelf.loaded:
            if await asyncio.to_thread(self._has_opted_out, model):
                self._personas.refuse(model, f"an author of {model.name} opted out of it")

    def _has_opted_out(self, model: Model) -> bool:
        loaded = model.loaded
        if loaded is None or model.state is not State.READY:
            return False
        return self._opt_outs.has_opted_out(model.name, loaded.manifest)
