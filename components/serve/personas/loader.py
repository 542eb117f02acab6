"""Bringing one model into memory, and taking it out again. Blocks: for other threads."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.registry import Manifest
from components.lm.engine.protocol import Engine, EngineSettings, Request, Sampling
from components.serve.filter.output_filter import OutputFilter
from components.serve.personas.disk import Disk
from components.serve.personas.model import Loaded
from components.serve.personas.opted_out import OptOuts, people_of
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

    disk: Disk
    opt_outs: OptOuts
    stale: StaleVersions
    settings: EngineSettings
    filter_on: bool = True
    make_engine: MakeEngine = make_engine

    def fetch(self, name: str, source: Source, *, away: bool) -> Fetched:
        """The model's files on this machine, unless somebody who is imitated opted out.

        Raises:
            BadInputError: somebody opted out or the version is stale, nobody can tell, or the files
                are not as they should.
        """
        manifest = source.manifest(self.disk)
        self.opt_outs.refuse(name, manifest, away=away)
        self.stale.refuse(manifest, away=away)
        return source.fetch(self.disk)

    def memory_needed(self, fetched: Fetched) -> int:
        """Bytes that the model will take, as far as one can tell from its files."""
        weights = sum(path.stat().st_size for path in fetched.folder.glob("*.safetensors"))
        return int(weights * WEIGHTS_IN_MEMORY) + min(self.settings.cache_bytes, 8 * weights)

    def load(self, name: str, fetched: Fetched) -> Loaded:
        """The model in memory, ready to answer.

        Raises:
            BadInputError: the folder holds no model that can be loaded.
            MemoryError: there is not enough memory.
        """
        started = time.monotonic()
        own = people_of(name, fetched.manifest).authors
        rules = OutputFilter.of(fetched.folder, own, on=self.filter_on)
        engine = self.make_engine(fetched.folder, self._settings(fetched.manifest))
        try:
            for _ in engine.submit(WARM_UP):
                pass
        except BaseException:
            engine.close()
            raise
        for line in engine.facts.lines:
            log.info("%s: %s", name, line)
        return Loaded(
            engine=engine,
            folder=fetched.folder,
            manifest=fetched.manifest,
            output_filter=rules,
            at=datetime.now(UTC),
            load_seconds=time.monotonic() - started,
        )

    def _settings(self, manifest: Manifest | None) -> EngineSettings:
        """With what the version's publisher measured of the dtypes, if it did."""
        formats = manifest.formats if manifest else {}
        return replace(self.settings, bits_per_byte=formats or None)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a load failed for want of memory; torch says so with an error of its own."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
