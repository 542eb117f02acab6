"""Making one persona of a fleet in a folder of its own; a base model is fetched once for all."""

import logging
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from components.contracts.registry import Manifest
from components.registry import Registry
from pipelines.fleet.manifest import Entry
from pipelines.local.job import PersonaJob, into_production, run_locally, shared_base
from pipelines.steps import StepRunner, make_out

log = logging.getLogger(__name__)

BASES = ".base-models"
"""The folder of the base models, whose name no persona has."""


@dataclass
class Workshop:
    """Where a worker makes personas; what a killed one left there is gone on with."""

    fleet: str
    folder: Path
    bases: dict[str, Path] = field(default_factory=dict)
    """The base models that are there, by name."""

    def make(self, entry: Entry) -> Manifest:
        """Make the persona and bring it into production, or find what an earlier attempt made.

        Raises:
            HuggingtweetsError: it cannot be made; the sentence says why.
        """
        attempt = f"fleet {self.fleet} {entry.line_sha256}"
        job = replace(entry.job, attempt=attempt)
        out = self.folder / entry.persona
        assert job.registry is not None
        log.info("▸ %s", entry.persona)
        manifest = Registry.open(job.registry).published_by(entry.persona, attempt)
        if manifest is None:
            manifest = self._made(job, out)
        else:
            into_production(manifest, job.registry)
        shutil.rmtree(out, ignore_errors=True)
        return manifest

    def _made(self, job: PersonaJob, out: Path) -> Manifest:
        name = job.fetch.base_model
        if name not in self.bases:
            self.bases[name] = shared_base(job.fetch, self.folder / BASES)
        job = replace(job, base=self.bases[name])
        manifest = run_locally(job, StepRunner(make_out(out), resume=True))
        assert manifest is not None
        return manifest
