"""A stage's run in Weights & Biases."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import wandb

from components.runtime.digests import file_sha256, files_of
from components.runtime.mounts import uri_of
from components.tracking.backend import Values
from components.tracking.names import SWEEP_ID, artifact_name, job_type, run_name

PROJECT = "huggingtweets"


class WandbBackend:
    """One run; WANDB_PROJECT, WANDB_ENTITY, WANDB_MODE, WANDB_DIR and the rest are W&B's own."""

    def __init__(
        self, stage: str, subject: str, config: Mapping[str, Any], group: str | None
    ) -> None:
        """Start the run; raises W&B's errors."""
        settings = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            init_timeout=30,
            sweep_id=os.environ.get(SWEEP_ID),
        )
        mode: Any = os.environ.get("WANDB_MODE")  # W&B itself reads these two once a process
        self._run = wandb.init(
            project=None if settings.project else PROJECT,
            name=run_name(stage, subject),
            job_type=job_type(stage),
            group=group,
            config=dict(config),
            mode=mode,
            dir=os.environ.get("WANDB_DIR"),
            reinit="create_new",
            settings=settings,
        )

    def log(self, values: Values, step: int) -> None:
        """Values at a step."""
        self._run.log(dict(values), step=step)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table."""
        data = [list(row) for row in rows]
        self._run.log({name: wandb.Table(columns=list(columns), data=data)})

    def input(self, kind: str, subject: str, folder: Path) -> None:
        """Use the artifact; offline, where W&B cannot, its digests go into the configuration."""
        artifact = _by_reference(kind, subject, folder, uri_of(folder))
        if self._run.offline:
            facts = {"name": artifact.name, **artifact.metadata}
            self._run.config.update(  # type: ignore[no-untyped-call]
                {f"inputs.{kind}": facts}
            )
        else:
            self._run.use_artifact(artifact)

    def output(
        self, kind: str, subject: str, folder: Path, place: str, aliases: Sequence[str]
    ) -> str | None:
        """Log the artifact whose files can be read in `folder` and will lie at the URI `place`."""
        artifact = _by_reference(kind, subject, folder, place)
        self._run.log_artifact(artifact, aliases=["latest", *aliases])
        if self._run.offline:
            return None
        return f"{self._run.project_url}/artifacts/{kind}/{artifact_name(kind, subject)}"

    def summarise(self, facts: Mapping[str, Any]) -> None:
        """What came out."""
        self._run.summary.update(dict(facts))

    def url(self) -> str | None:
        """Where the run is looked at."""
        return None if self._run.offline else self._run.url

    def finish(self, code: int) -> None:
        """The end."""
        self._run.finish(exit_code=code)


def begin_sweep(document: Mapping[str, Any]) -> str:
    """Begin a sweep with this configuration on W&B's server; its id. Raises W&B's errors."""
    project = os.environ.get("WANDB_PROJECT") or PROJECT
    return wandb.sweep(dict(document), project=project)


def _by_reference(kind: str, subject: str, folder: Path, uri: str) -> wandb.Artifact:
    """An artifact that names where its files lie; their SHA-256 digests are in its metadata."""
    files = {file.relative_to(folder).as_posix(): file_sha256(file) for file in files_of(folder)}
    artifact = wandb.Artifact(
        artifact_name(kind, subject), type=kind, metadata={"uri": uri, "sha256": files}
    )
    for name in files:
        final = f"{uri}/{name}"
        if final.startswith("file:"):  # W&B wants to see the file, which is not yet in its place
            (entry,) = artifact.add_reference(uri_of(folder / name), name=name, checksum=False)
            entry.ref = entry.digest = final
        else:
            artifact.add_reference(final, name=name, checksum=False)
    return artifact
