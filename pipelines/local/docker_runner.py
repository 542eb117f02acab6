"""`huggingtweets run --runner docker`: the compiled pipeline on this machine, step by container."""

import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
from kfp import components, local

from components.collect.config import FileSource, Source
from components.collect.stage import source_of
from components.contracts import artifacts
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.images import IMAGE_OF, Image, Images
from components.contracts.reports import CollectReport
from components.gate.judgement import gate_of, refusal
from components.registry.layout import version_folder
from components.runtime.folders import check_replaceable
from pipelines.arguments import stage_arguments
from pipelines.kubeflow.package import write_package
from pipelines.local.job import PersonaJob, raw_dataset_names
from pipelines.platform import CONFIG_VARIABLES, SECRET_VARIABLES, Platform
from pipelines.steps import StepTime

log = logging.getLogger(__name__)

PASSED_ON = (
    *SECRET_VARIABLES,
    *CONFIG_VARIABLES,
    *("HF_ENDPOINT", "HF_HUB_DISABLE_XET", "HTTPS_PROXY", "HTTP_PROXY", "WANDB_RUN_GROUP"),
)
"""Variables of this process that the steps get; a pod has them from a Secret or a ConfigMap."""
MADE = {
    artifacts.PRETRAINED_MODEL: ("fetch/pretrained_model", artifacts.FETCH_REPORT),
    artifacts.TRAIN_DATASET: ("prepare/train_dataset", artifacts.PREPARE_REPORT),
    artifacts.FINETUNED_MODEL: ("train/finetuned_model", artifacts.TRAIN_REPORT),
    artifacts.EVALUATION: ("evaluate/evaluation", artifacts.EVALUATION_REPORT),
}
"""Where a run keeps what: the step and its output, and the file that the folder holds."""


class StepFailedError(HuggingtweetsError):
    """A step failed; its output, above, says why."""


def run_in_docker(job: PersonaJob, images: Path, out: Path) -> tuple[Path, list[StepTime]]:
    """Run the pipeline and fill `out` as a local run does.

    Returns:
        The folder of the published version, and how long it took.

    Raises:
        BadInputError: Docker or an image is not there.
        StepFailedError: a step failed; what was made before stands in `out`.
        GateFailedError: the model is not good enough.
    """
    for name, (_, holding) in MADE.items():
        check_replaceable(out / name, holding)
    platform = Platform(
        "kfp", local_images(Images.read(images), images), gpus=0, tries_again=False, push=job.push
    )
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=".pipeline-", dir=out) as root:
        _run(platform, job, Path(root), out)
        _keep(Path(root), out, [source_of(source) for source in job.sources])
        version = _published(Path(root))
    if version is None:
        evaluation = out / artifacts.EVALUATION
        is_judged = (evaluation / artifacts.EVALUATION_REPORT).is_file() and not job.no_gate
        if is_judged and not (gate := gate_of(evaluation)).passed:
            raise refusal(gate)
        raise StepFailedError("a step failed; what it wrote above says why")
    persona, number = version
    folder = out / artifacts.REGISTRY / version_folder(persona, number)
    return folder, [StepTime("pipeline", time.monotonic() - start)]


def local_images(images: Images, file: Path) -> Mapping[str, str]:
    """A tag for each stage's image that means its digest: the local runner finds none by its id.

    Raises:
        BadInputError: Docker does not answer, or an image is not on this machine.
    """
    try:
        engine = docker.from_env()
        engine.ping()
    except docker.errors.DockerException as error:
        raise BadInputError(
            f"--runner docker: there is no Docker engine to be reached: {error}"
        ) from error
    with contextlib.closing(engine):
        tags = {}
        for target in sorted(set(IMAGE_OF.values())):
            if target not in images.images:
                raise BadInputError(f"{file} names no image {target!r}; run `make images`")
            tags[target] = _tagged(engine, images.images[target])
    return {stage: tags[target] for stage, target in IMAGE_OF.items()}


def _tagged(engine: docker.DockerClient, image: Image) -> str:
    names = [image.digest, image.by_digest()] if image.digest else [image.by_tag()]
    for name in names:
        with contextlib.suppress(docker.errors.ImageNotFound, docker.errors.NullResource):
            found = engine.images.get(name)
            tag = "local-" + found.id.removeprefix("sha256:")[:12]
            found.tag(image.name, tag)
            return f"{image.name}:{tag}"
    raise BadInputError(
        f"the image {image.by_tag()} ({image.digest}) is not on this machine; run `make images`"
    )


def _run(platform: Platform, job: PersonaJob, root: Path, out: Path) -> None:
    """Run the compiled pipeline below `root`; whether it went well shows in what it left."""
    package = root / "persona.yaml"
    write_package(platform, package, one_source=len(job.sources) == 1)
    try:
        run_package(package, root, _mounts(job, out), _arguments(job, out), WANDB_DIR=str(root))
    except ValueError as error:  # kfp goes on after a failed step, and misses what it should give
        log.debug("the pipeline ended early: %s", error)


def run_package(
    package: Path,
    root: Path,
    mounts: Sequence[docker.types.Mount],
    arguments: Mapping[str, Any],
    **variables: str,
) -> None:
    """Run a compiled pipeline below `root`, each step in its container.

    Containers get `mounts`, the variables of this process that are passed on, and `variables`.

    Raises:
        StepFailedError: Docker cannot run a step.
    """
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    local.init(
        runner=local.DockerRunner(
            user=f"{os.getuid()}:{os.getgid()}",
            network_mode="host",
            mounts=list(mounts),
            environment=passed | variables,
        ),
        pipeline_root=str(root),
        raise_on_error=False,
    )
    pipeline = components.load_component_from_file(str(package))
    try:
        with output_aside():
            pipeline(**arguments)
    except docker.errors.DockerException as error:
        raise StepFailedError(f"Docker could not run a step: {error}") from error


def mount(place: str, *, read_only: bool = True) -> docker.types.Mount:
    """A file or folder of this machine, under its own path."""
    return docker.types.Mount(place, place, type="bind", read_only=read_only)


def _arguments(job: PersonaJob, out: Path) -> dict[str, Any]:
    return {
        **stage_arguments(job.prepare, job.train, job.evaluate, job.publish),
        "sources": [_flags(source) for source in job.sources],
        "registry": str(out / artifacts.REGISTRY),
        "name": job.name or "",
        "base_model": _seen_inside(job.fetch.base_model),
        "no_gate": job.no_gate,
    }


def _flags(source: Source) -> dict[str, Any]:
    seen = {source.flag: _seen_inside(source.place)} if isinstance(source, FileSource) else {}
    return {**source.flags(), **seen}


def _seen_inside(place: str) -> str:
    """A file or folder of this machine by its whole path, under which containers see it."""
    path = Path(place).expanduser()
    return str(path.resolve()) if "://" not in place and path.exists() else place


def _mounts(job: PersonaJob, out: Path) -> list[docker.types.Mount]:
    """What the steps read and write of this machine, each under its own path."""
    files = [source.place for source in job.sources if isinstance(source, FileSource)]
    read = {
        _seen_inside(place)
        for place in (*files, job.fetch.base_model)
        if "://" not in place and Path(place).expanduser().exists()
    }
    registry = str(out / artifacts.REGISTRY)
    return [
        mount(registry, read_only=False),
        *map(mount, sorted(read)),
    ]


@contextlib.contextmanager
def output_aside() -> Iterator[None]:
    """Send what kfp and the containers print to standard error: ours is for the result."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of settings that only pods have
        yield


def _keep(root: Path, out: Path, sources: Sequence[str]) -> None:
    """Move what the steps made to where a local run puts it.

    `sources` are those of the run in their order, as their reports call them.
    """
    for made in root.glob("wandb/*run-*"):
        _move(made, out / "wandb" / made.name)
    for name, (output, holding) in MADE.items():
        for made in root.glob(f"*/{output}"):
            if (made / holding).is_file():
                _move(made, out / name)
    collected = [
        (CollectReport.read(report), report.parent)
        for report in root.glob(f"**/collect/raw_dataset/{artifacts.COLLECT_REPORT}")
    ]
    collected.sort(key=lambda one: sources.index(one[0].source))
    names = raw_dataset_names([report.author for report, _ in collected])
    for name, (_, made) in zip(names, collected, strict=True):
        _move(made, out / artifacts.RAW_DATASET / name)


def _move(made: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


def _published(root: Path) -> tuple[str, int] | None:
    """What the publish step said: the persona and the version; None where it did not run."""
    for said in root.glob("*/publish/executor_output.json"):
        values = json.loads(said.read_bytes())["parameterValues"]
        return str(values["persona"]), int(values["version"])
    return None
