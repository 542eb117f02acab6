"""The loop that keeps the models in step with the registry."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from components.contracts.errors import BadInputError
from components.serve.metrics import Metrics
from components.serve.personas.in_thread import in_thread
from components.serve.personas.manager import ModelManager
from components.serve.personas.model import Model
from components.serve.personas.opted_out import OptOuts
from components.serve.personas.stale import StaleVersions
from components.serve.personas.tidying import Tidier
from components.serve.personas.watcher import Pointers, Watcher

log = logging.getLogger(__name__)

LONGEST_SILENCE = 3.0
"""Seconds that a start waits for the registry before it goes on with what is known of it."""


class Follower:
    """Reads where the aliases point and has the models loaded, switched and let go."""

    def __init__(
        self,
        manager: ModelManager,
        watcher: Watcher,
        opt_outs: OptOuts,
        stale: StaleVersions,
        tidier: Tidier,
        metrics: Metrics,
    ) -> None:
        self._manager, self._watcher = manager, watcher
        self._opt_outs, self._stale = opt_outs, stale
        self._tidier, self._metrics = tidier, metrics
        self._loads: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load what the registry has in production; return when each is loaded or has failed.

        A registry that does not answer for a while is away: what it said before is loaded.
        """
        self._first = asyncio.create_task(self._poll(at_startup=True))
        done, _ = await asyncio.wait({self._first}, timeout=LONGEST_SILENCE)
        if not done and (known := self._watcher.go_without()):
            self._load(known, at_startup=True)
        if not self._loads:
            await self._first
        if self._loads:
            await asyncio.wait(self._loads)
        for name in self._watcher.missing():
            log.error("%s has no production version in the registry; it is waited for", name)

    async def follow(self, seconds: float) -> None:
        """Look at the registry every so many seconds, for good."""
        poll: Awaitable[None] = self._first
        while True:
            begun = time.monotonic()
            try:
                await poll
            except Exception:
                log.exception("following the registry failed; it goes on")
            await asyncio.sleep(max(seconds - (time.monotonic() - begun), 0))
            poll = self._poll()

    async def _poll(self, *, at_startup: bool = False) -> None:
        pointers = await in_thread(self._watcher.poll)
        self._metrics.registry_reachable.set(self._watcher.reachable)
        self._load(pointers, at_startup=at_startup)
        if self._watcher.reachable:
            await self._let_go_of_opted_out()
            await self._let_go_of_stale()
            if not at_startup:
                await in_thread(partial(self._tidier.tidy, self._manager.personas.needed()))

    def _load(self, pointers: Mapping[str, Pointers], *, at_startup: bool) -> None:
        """Begin to load what these point to and is not here."""
        for model in self._manager.follow(pointers, at_startup=at_startup):
            task = asyncio.create_task(self._manager.load(model))
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)

    async def _let_go_of_opted_out(self) -> None:
        """Whoever opts out is not imitated from the next look at the list on."""
        with suppress(BadInputError):  # said when a model is loaded
            await in_thread(self._opt_outs.refresh)
        for model in await in_thread(partial(self._opted_out, self._manager.personas.at_rest())):
            self._manager.refuse(model, f"an author of {model.name} opted out of it")

    def _opted_out(self, models: Sequence[Model]) -> list[Model]:
        return [one for one in models if self._opt_outs.has_opted_out(one.name, one.manifest)]

    async def _let_go_of_stale(self) -> None:
        """What learned from forgotten posts is not served from the next look at the list on."""
        try:
            listed = await in_thread(self._stale.refresh)
        except BadInputError:  # said when a model is loaded
            return
        for model in self._manager.personas.at_rest():
            manifest = model.manifest
            if manifest and listed.find(manifest.persona, manifest.version):
                self._manager.refuse(
                    model, f"{model.label} is stale: it learned from posts that are forgotten since"
                )
