"""One version of a persona, and what is known of it while it comes and goes."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from components.contracts.registry import Manifest
from components.contracts.reports import BaseModelFacts
from components.lm.engine.protocol import Engine
from components.lm.formats import FormatName
from components.registry.layout import version_folder
from components.serve.filter.output_filter import OutputFilter
from components.serve.personas.shared_folders import Kept
from components.serve.personas.sources import Fetched, RegistrySource, Source


class State(StrEnum):
    """Where a model is between the registry and the memory."""

    COLD = "COLD"
    """Known, not in memory."""
    LOADING = "LOADING"
    READY = "READY"
    LEAVING = "UNLOADING"
    """Finishes what runs; takes nothing new."""
    FAILED = "FAILED"
    """The last load failed; `failure` says why."""


@dataclass
class Scaling:
    """What TorchServe's clients may set of a model, and read again."""

    min_workers: int = 1
    max_workers: int = 1
    batch_size: int = 1
    max_batch_delay: int = 100
    """Milliseconds. Requests join a running batch at once, so nothing waits for it."""
    response_timeout: float | None = None
    """Seconds; the server's own where left out."""


@dataclass(frozen=True)
class Loaded:
    """What is in memory of a model."""

    engine: Engine
    folder: Path
    manifest: Manifest | None
    """None for an archive without one."""
    output_filter: OutputFilter
    at: datetime
    load_seconds: float


@dataclass
class Base:
    """A base model in memory, which answers for its adapters alone. For the event loop alone."""

    facts: BaseModelFacts
    formats: frozenset[FormatName]
    """The dtypes that it may be computed in for its adapters."""
    engine: Engine
    kept: Kept
    """Its files, which stay on the disk meanwhile."""
    adapters: "list[Model]" = field(default_factory=list)
    """Those that are in memory."""

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return self.engine.facts.memory_bytes


@dataclass
class Model:
    """A model that requests may name. Touched by the event loop alone."""

    name: str
    version: str
    source: Source
    at_startup: bool = False
    scaling: Scaling = field(default_factory=Scaling)
    state: State = State.COLD
    loaded: Loaded | None = None
    failure: str | None = None
    out_of_memory: bool = False
    """Whether the last load failed for want of memory."""
    failures: int = 0
    """Loads that failed in a row."""
    retry_at: float = 0.0
    """On the clock of `time.monotonic()`: before it, a failed load is not tried again."""
    manifest: Manifest | None = None
    """As it was when the model was last fetched."""
    manifest_sha256: str | None = None
    """The digest of that."""
    fetched: Fetched | None = None
    """Its files, which stay on the disk while it is here, in memory or not."""
    base: "Base | None" = None
    """The base model in memory that it is an adapter of."""
    memory: int = 0
    """Bytes that it takes, or took when it was last loaded."""
    used_at: float = 0.0
    in_use: int = 0
    """Requests that hold it."""
    waiting: int = 0
    """Requests that wait until it is loaded."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    loading: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.idle.set()

    @property
    def key(self) -> tuple[str, str]:
        """The name and the version."""
        return self.name, self.version

    @property
    def adapted(self) -> BaseModelFacts | None:
        """The base model that it is an adapter of, as far as is known; None for a whole model."""
        return self.manifest.base_model if self.manifest else None

    @property
    def place(self) -> str | None:
        """Where it lies in its registry, as `<persona>/versions/<n>`; None for an archive."""
        manifest = self.manifest
        return version_folder(manifest.persona, manifest.version).rstrip("/") if manifest else None

    @property
    def label(self) -> str:
        """`persona@version`."""
        return f"{self.name}@{self.version}"

    @property
    def published(self) -> tuple[str, int] | None:
        """Persona and version in the registry; None for an archive."""
        source = self.source
        return (source.persona, source.version) if isinstance(source, RegistrySource) else None

    @property
    def dtype(self) -> str | None:
        """What it is computed in; None while it is not in memory."""
        return self.loaded.engine.facts.dtype if self.loaded else None

    def keep(self, fetched: Fetched | None) -> None:
        """Have these files stay on the disk, those that it had no longer."""
        before, self.fetched = self.fetched, fetched
        if before:
            before.close()

    def hold(self) -> None:
        """Keep it in memory until `release`."""
        self.in_use += 1
        self.used_at = time.monotonic()
        self.idle.clear()

    def release(self) -> None:
        """Undo one `hold`."""
        self.in_use -= 1
        self.used_at = time.monotonic()
        if not self.in_use:
            self.idle.set()
