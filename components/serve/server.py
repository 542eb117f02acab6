"""One running server: its parts put together, its start and its end."""

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

import uvloop

from components.lm.engine.protocol import EngineSettings
from components.lm.engine.threads import wait_briefly
from components.marking.signing import Signer
from components.registry import Registry
from components.serve.config import INFERENCE_PORT, MANAGEMENT_PORT, METRICS_PORT, ServeConfig
from components.serve.context import Context
from components.serve.dialects.torchserve_registering import stored_models
from components.serve.health import Health
from components.serve.memory import memory_limit
from components.serve.metrics import Metrics
from components.serve.personas.disk import Disk
from components.serve.personas.follower import Follower
from components.serve.personas.loaded_models import Limits, LoadedModels
from components.serve.personas.loader import Loader, MakeEngine, import_engine, make_engine
from components.serve.personas.manager import ModelManager
from components.serve.personas.opted_out import OptOuts
from components.serve.personas.personas import Personas
from components.serve.personas.stale import StaleVersions
from components.serve.personas.tidying import Tidier
from components.serve.personas.watcher import Watcher, disk_root
from components.serve.ports import Port, answer_all
from components.serve.requests.generation import TextGenerator
from components.serve.requests.marks import Marks
from components.serve.requests.notes import RequestIdFilter
from components.serve.tokens import Tokens
from components.serve.traces import Traces
from components.serve.web.apps import inference_app, management_app, metrics_app
from components.serve.web.connections import Connections

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
APPS = {
    INFERENCE_PORT: inference_app,
    MANAGEMENT_PORT: management_app,
    METRICS_PORT: metrics_app,
}


def serve(
    config: ServeConfig,
    tokens: Tokens,
    ports: Mapping[str, socket.socket],
    signer: Signer | None = None,
) -> None:
    """Serve on these listening sockets until a signal ends it; `signer` makes marks."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(RequestIdFilter())
    wait_briefly(os.environ)
    threading.Thread(target=import_engine, name="imports", daemon=True).start()
    server = Server(config, tokens, traces=Traces.of(os.environ), signer=signer)
    uvloop.run(server.run(ports))


class Server:
    """One server. Make it within a running event loop."""

    def __init__(
        self,
        config: ServeConfig,
        tokens: Tokens,
        make: MakeEngine = make_engine,
        traces: Traces | None = None,
        signer: Signer | None = None,
    ) -> None:
        registry = Registry.open(config.registry)
        disk = Disk(disk_root(config.cache_dir, Path.home()), registry.store.uri)
        opt_outs, stale = OptOuts(registry, disk), StaleVersions(registry, disk)
        watcher = Watcher(registry, disk, config.persona)
        settings = engine_settings(config)
        loader = Loader(registry, disk, opt_outs, stale, settings, config.output_filter, make)
        memory = memory_limit(config.memory_gb)
        limits = Limits(memory, min(config.adapter_memory, memory // 2))
        loaded_models = LoadedModels(loader, limits, lambda: not watcher.reachable)
        metrics = Metrics(ts_as_asked=config.ts_model_version == "asked")
        manager = ModelManager(Personas(registry), loaded_models)
        health = Health(lambda: bool(loaded_models.loaded))
        writer = TextGenerator(manager, metrics, config.default_response_timeout)
        tidier = Tidier(disk, opt_outs, stale, metrics, config.persona)
        self._follower = Follower(manager, watcher, opt_outs, stale, tidier, metrics)
        self.context = Context(
            config, tokens, manager, writer, health, metrics, disk, Marks(signer), traces
        )
        self._stored = stored_models(config)
        metrics.watch_models(lambda: loaded_models.loaded)

    async def run(self, ports: Mapping[str, socket.socket]) -> None:
        """Answer until SIGTERM or SIGINT, then drain."""
        config = self.context.config
        connections = Connections(config.body_timeout)
        running = [
            Port(APPS[name](self.context), port, connections, config.drain_timeout)
            for name, port in ports.items()
        ]
        beside = [asyncio.create_task(work) for work in (self.follow(), connections.watch())]
        self.ending = Ending(self.context, running)
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.ending.gently)
            loop.add_signal_handler(signal.SIGINT, self.ending.at_once)
        await answer_all(running)
        for task in beside:
            task.cancel()
        await self.context.manager.close()
        if self.context.traces:
            await asyncio.to_thread(self.context.traces.close)
        log.info("ended")

    async def follow(self) -> None:
        """Load what should be loaded, then follow the registry for good."""
        manager = self.context.manager
        for model in self._stored:
            manager.personas.add(model)
        await asyncio.gather(self._follower.start(), *map(manager.load, self._stored))
        self.context.health.started = True
        await self._follower.follow(self.context.config.alias_poll_seconds)


class Ending:
    """How the server ends: readiness first, then the ports, then the models."""

    def __init__(self, context: Context, ports: list[Port]) -> None:
        self._context, self._ports = context, ports
        self._task: asyncio.Task[None] | None = None

    def gently(self) -> None:
        """Say that it ends, take requests for a while, then finish those that run."""
        if self._task is not None:
            self.at_once()
            return
        self._context.health.draining = True
        log.info("draining: requests are taken for %g s more", self._context.config.drain_delay)
        self._task = asyncio.create_task(self._later())

    def at_once(self) -> None:
        """Take nothing new; finish what runs. A second time, not even that."""
        self._context.health.draining = True
        for port in self._ports:
            port.force_exit = port.should_exit
            port.stop()

    async def _later(self) -> None:
        await asyncio.sleep(self._context.config.drain_delay)
        for port in self._ports:
            port.stop()


def engine_settings(config: ServeConfig) -> EngineSettings:
    """What engines are made with."""
    return EngineSettings(
        dtype=config.dtype,
        slots=config.slots,
        cache_bytes=config.cache_mb * MEGABYTE,
        job_queue_size=config.job_queue_size,
        choices=disk_root(config.cache_dir, Path.home()) / "dtypes.json",
    )
