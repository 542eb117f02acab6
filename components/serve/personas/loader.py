"""Bringing one model into memory, and taking it out again. Blocks: for other threads."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import ADAPTER_WEIGHTS
from components.contracts.registry import Manifest
from components.contracts.reports import BaseModelFacts
from components.lm.engine.protocol import Engine, EngineSettings, Request, Sampling
from components.lm.formats import FormatName, allowed_formats
from components.registry import Registry
from components.serve.filter.output_filter import OutputFilter
from components.serve.personas.disk import Disk
from components.serve.personas.model import Base, Loaded
from components.serve.personas.opted_out import OptOuts, people_of
from components.serve.personas.shared_folders import Kept
from components.serve.personas.sources import Fetched, Source
from components.serve.personas.stale import StaleVersions

log = logging.getLogger(__name__)

MakeEngine = Callable[[Path, EngineSettings], Engine]
WARM_UP = Request("", n=2, sampling=Sampling(max_tokens=4, ignore_eos=True))
WEIGHTS_IN_MEMORY = 2.2
"""Bytes in memory for each byte of weights on disk, until a model was loaded and tells."""


def make_engine(folder: Path, settings: EngineSettings) -> Engine:
    """The real engine; torch is imported here and not before."""
    from components.lm.engine.load import load_engine

    return load_engine(folder, settings)


def import_engine() -> None:
    """Import what `make_engine` needs, which takes a second: files are checked meanwhile."""
    import components.lm.engine.load  # noqa: F401


@dataclass(frozen=True)
class Loader:
    """Fetches, checks, loads and warms."""

    registry: Registry
    """Where base models lie."""
    disk: Disk
    opt_outs: OptOuts
    stale: StaleVersions
    settings: EngineSettings
    filter_on: bool = True
    make_engine: MakeEngine = make_engine

    def look(self, name: str, source: Source, *, away: bool) -> Manifest | None:
        """What the model consists of, once nobody who is imitated opted out.

        Raises:
            BadInputError: somebody opted out or the version is stale, or nobody can tell.
        """
        manifest = source.manifest(self.disk)
        self.opt_outs.refuse(name, manifest, away=away)
        self.stale.refuse(manifest, away=away)
        return manifest

    def fetch(self, source: Source) -> Fetched:
        """The model's files on this machine.

        Raises:
            BadInputError: the files are not as they should.
        """
        return source.fetch(self.disk)

    def fetch_base(self, facts: BaseModelFacts) -> Kept:
        """The folder of a base model on this machine.

        Raises:
            BadInputError: the registry has it not, or the files are not as they should.
        """
        return self.disk.base(self.registry, facts.sha256)

    def memory_needed(self, folder: Path) -> int:
        """Bytes that the model will take, as far as one can tell from its files."""
        weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        return int(weights * WEIGHTS_IN_MEMORY) + min(self.settings.cache_bytes, 8 * weights)

    def load(self, name: str, fetched: Fetched) -> Loaded:
        """The model in memory, ready to answer.

        Raises:
            BadInputError: the folder holds no model that can be loaded.
            MemoryError: there is not enough memory.
        """
        started = time.monotonic()
        formats = fetched.manifest.formats if fetched.manifest else {}
        engine = self._warmed(name, fetched.folder, formats)
        return self._loaded(name, fetched, engine, started)

    def formats_of(self, adapter: Manifest) -> frozenset[FormatName]:
        """The dtypes in which the base model of this adapter may be computed for it."""
        auto = self.settings.dtype == "auto"
        return allowed_formats(adapter.formats) if auto else frozenset()

    def load_base(self, facts: BaseModelFacts, kept: Kept, adapter: Manifest) -> Base:
        """A base model in memory, in a dtype that suits this adapter of it; raises as `load`."""
        engine = self._warmed(facts.id, kept.folder, adapter.formats)
        return Base(facts, self.formats_of(adapter), engine, kept)

    def load_adapter(self, name: str, fetched: Fetched, base: Base) -> Loaded:
        """The model in memory as an adapter of `base`, which is warm; raises as `load`."""
        started = time.monotonic()
        return self._loaded(name, fetched, base.engine.adapt(fetched.folder), started)

    def _warmed(self, name: str, folder: Path, formats: Mapping[str, float]) -> Engine:
        """An engine; `formats` is what the publisher measured of the dtypes, if it did."""
        settings = replace(self.settings, bits_per_byte=formats or None)
        engine = self.make_engine(folder, settings)
        try:
            for _ in engine.submit(WARM_UP):
                pass
        except BaseException:
            engine.close()
            raise
        for line in engine.facts.lines:
            log.info("%s: %s", name, line)
        return engine

    def _loaded(self, name: str, fetched: Fetched, engine: Engine, started: float) -> Loaded:
        own = people_of(name, fetched.manifest).authors
        try:
            rules = OutputFilter.of(fetched.folder, own, on=self.filter_on)
        except BaseException:
            engine.close()
            raise
        return Loaded(
            engine=engine,
            folder=fetched.folder,
            manifest=fetched.manifest,
            output_filter=rules,
            at=datetime.now(UTC),
            load_seconds=time.monotonic() - started,
        )


def weights_size(adapter: Manifest) -> int:
    """Bytes of an adapter's weights."""
    return sum(entry.size for entry in adapter.files if entry.path == ADAPTER_WEIGHTS)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a load failed for want of memory; torch says so with an error of its own."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
