"""A server in a thread of the test's own process, on ports of its own."""

import asyncio
import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from components.contracts.reports import BaseModelFacts
from components.marking.signing import Signer
from components.registry import Registry
from components.runtime.digests import folder_sha256
from components.serve.addresses import bound_address
from components.serve.config import ServeConfig
from components.serve.server import Server
from components.serve.stage import open_ports
from components.serve.tokens import Tokens
from components.serve.traces import Traces
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter
from support.fake_engine import ADAPTER_MEMORY, FakeEngines
from support.finished import make_prepare_report

ANYWHERE = "http://127.0.0.1:0"
PATIENCE = 60.0
POST = "the quiet garden keeps its own hours and we bring tea to the rain"
CARD = """---
license: apache-2.0
---

# Rosa Thorn 🤖 AI Bot

<img src="picture-1.png" alt="A picture of the author" width="112" height="112">

**@gardener bot**

> **Every text that this model gives was written by a machine.**

| |@gardener |
|:---|---:|
| Tweets downloaded | 72 |
| Tweets kept | 51 |
"""
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
)
"""One coloured point."""
LINEAGE: Mapping[str, Any] = {
    "consent": {"gardener": "fictional"},
    "collect": {
        "gardener": {"author": "gardener", "account_id": "1", "display_name": "Rosa Thorn"}
    },
    "prepare": make_prepare_report(["gardener"]).model_dump(mode="json", exclude={"collected"}),
}


def publish(
    registry: Registry,
    persona: str = "jane",
    *,
    alias: str | None = "production",
    formats: Mapping[str, float] | None = None,
) -> int:
    """Publish a version that only a fake engine loads; point an alias to it. Gives the version."""

    def write(version: int, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights of %d" % version * 10)
        (folder / "config.json").write_text("{}")
        (folder / "README.md").write_text(CARD)
        (folder / "picture-1.png").write_bytes(PICTURE)
        SpanFilter.of([POST], bytes(16)).write(folder / SPANS)
        Beginnings.of([POST], bytes(16)).write(folder / BEGINNINGS)

    version = registry.publish(persona, write, LINEAGE, formats).version
    if alias:
        registry.move_alias(persona, alias, version)
    return version


def publish_base(registry: Registry, folder: Path) -> BaseModelFacts:
    """Put a base model that only a fake engine loads into the registry."""
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"w" * 98)
    (folder / "config.json").write_text("{}")
    facts = BaseModelFacts(id="made-up/base", revision=None, sha256=folder_sha256(folder))
    registry.publish_base(folder, facts)
    return facts


def publish_adapter(
    registry: Registry,
    base: BaseModelFacts,
    persona: str,
    *,
    alias: str | None = "production",
    formats: Mapping[str, float] | None = None,
) -> int:
    """Publish an adapter as `publish` does a model."""

    def write(version: int, folder: Path) -> None:
        (folder / "adapter_model.safetensors").write_bytes(b"a" * ADAPTER_MEMORY)
        (folder / "adapter_config.json").write_text("{}")

    version = registry.publish(persona, write, LINEAGE, formats, base_model=base).version
    if alias:
        registry.move_alias(persona, alias, version)
    return version


@dataclass
class Running:
    """A server that answers."""

    server: Server
    inference: str
    metrics: str
    management: str | None
    loop: asyncio.AbstractEventLoop

    def ask(self, model: str, **body: Any) -> requests.Response:
        """A prediction in TorchServe's dialect."""
        return requests.post(f"{self.inference}/predictions/{model}", json=body, timeout=PATIENCE)

    def status(self, path: str) -> int:
        """The status that a path is answered with."""
        return requests.get(self.inference + path, timeout=PATIENCE).status_code

    def end(self, *, gently: bool = False) -> None:
        """Send the signal."""
        ending = self.server.ending
        self.loop.call_soon_threadsafe(ending.gently if gently else ending.at_once)


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """Wait until `condition` gives something true, and return that."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {PATIENCE} s")


@contextmanager
def serving(
    registry: Registry | str,
    cache: Path,
    make: Any = None,
    environment: Mapping[str, str] | None = None,
    traces: Traces | None = None,
    **config: Any,
) -> Iterator[Running]:
    """A server of this registry, with a fake engine unless `make` makes others."""
    uri = registry if isinstance(registry, str) else registry.store.uri
    defaults: dict[str, Any] = {
        "inference_address": ANYWHERE,
        "management_address": ANYWHERE,
        "metrics_address": ANYWHERE,
        "alias_poll_seconds": 0.1,
        "drain_delay": 0.2,
        "drain_timeout": 5.0,
        "cache_dir": cache,
        "memory_gb": 1.0,
        "slots": 4,
        "cache_mb": 16,
    }
    settings = ServeConfig(registry=uri, **(defaults | config))
    tokens, signer = Tokens.of(environment or {}), Signer.of(environment or {})
    ports = open_ports(settings, manage=tokens.management is not None)
    addresses = {name: bound_address(port) for name, port in ports.items()}
    started: list[Any] = []

    async def main() -> None:
        server = Server(settings, tokens, make or FakeEngines(), traces, signer)
        started.append((server, asyncio.get_running_loop()))
        await server.run(ports)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            started.append(error)
            raise

    worker = threading.Thread(target=thread)
    worker.start()
    server, loop = until(lambda: started, "the start")[0]
    running = Running(
        server, addresses["inference"], addresses["metrics"], addresses.get("management"), loop
    )
    try:
        until(lambda: running.status("/startupz") == 200, "startup")
        yield running
    finally:
        if worker.is_alive():
            running.end()
        worker.join(PATIENCE)
        assert not worker.is_alive()
