"""`huggingtweets run`: the whole job on this machine, from posts to a published persona."""

import argparse
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import REGISTRY, check_persona
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.registry import Registry
from components.registry.layout import version_folder
from components.runtime.flags import Config, a_name, a_path, add_flags, read_config
from components.runtime.patience import waiting_for_stores
from components.train.config import TrainConfig
from pipelines.cli.source_flags import add_account_flags, add_source_flags
from pipelines.cli.summary import print_summary
from pipelines.local.checks import check_out
from pipelines.local.job import STAGES, PersonaJob, run_locally
from pipelines.pushing import add_push_flags, push_given
from pipelines.sources import sources_given
from pipelines.steps import StepRunner, alone_in, make_out

CONFIGS = (FetchConfig, PrepareConfig, TrainConfig, EvaluateConfig, PublishConfig)


def add_run_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `run` to the command line: its own flags, then those of the stages."""
    parser = commands.add_parser("run", help="posts in; a measured, documented persona out")
    run_only = parser.add_argument_group("the run")
    run_only.add_argument(
        "--since",
        action="append",
        default=[],
        type=a_path,
        metavar="RAW_DATASET",
        help="an earlier raw-dataset of one of the authors, to bring up to date",
    )
    run_only.add_argument("--until", choices=STAGES, default="publish", help="the last stage to do")
    run_only.add_argument(
        "--resume", action="store_true", help="go on after a killed run: reuse what is unchanged"
    )
    run_only.add_argument(
        "--runner",
        choices=("local", "docker"),
        default="local",
        help="docker: the pipeline of the cluster, each step in its image (default: local)",
    )
    run_only.add_argument(
        "--images", type=a_path, metavar="FILE", help="of --runner docker: build/images.json"
    )
    add_job_flags(parser)
    add_push_flags(parser)
    parser.set_defaults(run=run)


def add_job_flags(parser: argparse.ArgumentParser, *, out_required: bool = True) -> None:
    """The flags of a job on this machine: whose posts, where everything goes, how it is made."""
    add_source_flags(parser)
    job = parser.add_argument_group("the job")
    job.add_argument(
        "--out", type=a_path, required=out_required, metavar="DIR", help="where everything goes"
    )
    job.add_argument(
        "--name", type=a_name, metavar="PERSONA", help="(default: the authors, joined by '-')"
    )
    job.add_argument(
        "--no-gate", action="store_true", help="publish whatever the gate says; the card repeats it"
    )
    job.add_argument(
        "--reference-authors",
        type=a_path,
        metavar="DIR",
        help="a folder with a train-dataset for each other author (default: invented ones)",
    )
    add_account_flags(parser)
    taken = {"registry"}  # the run has its own
    for kind in CONFIGS:
        add_flags(parser, kind, leave_out=frozenset(taken))
        taken |= set(kind.model_fields)


def run(given: argparse.Namespace) -> int:
    """Do the job, then say what came out."""
    job = replace(job_given(given), push=push_given(given))
    if job.push and job.until != STAGES[-1]:
        raise BadInputError(f"--push-to: with --until {job.until} there is nothing to push")
    if given.runner == "docker":
        _check_for_docker(given, job)
    check_out(given.out, job.sources)
    os.environ.setdefault("WANDB_RUN_GROUP", f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    steps = StepRunner(make_out(given.out), given.resume)
    times, version = steps.times, None
    with alone_in(steps.out), waiting_for_stores(os.environ):
        Registry.open(_registry(given)).begin()
        if given.runner == "docker":
            from pipelines.local.docker_runner import run_in_docker  # kfp takes a second to import

            version, times = run_in_docker(job, given.images, steps.out)
        else:
            published = run_locally(job, steps)
            version = published_folder(published, steps.out) if published else None
    print_summary(steps.out, times, version)
    return 0


def published_folder(published: Manifest, out: Path) -> Path:
    """Where a version of the run's own registry stands."""
    return out / REGISTRY / version_folder(published.persona, published.version)


def _check_for_docker(given: argparse.Namespace, job: PersonaJob) -> None:
    """The pipeline of the cluster is run from its beginning to its end, or not at all."""
    if given.images is None:
        raise BadInputError("--runner docker needs --images, as `make images` writes it")
    if given.resume or given.since or job.until != STAGES[-1]:
        raise BadInputError("--resume, --since and --until are for --runner local; leave them out")
    if "://" not in (job.train.checkpoint_uri or "://"):
        raise BadInputError("--checkpoint-uri: no container sees a path; give gs:// or s3://")
    if job.train.device == "cuda":
        raise BadInputError("--device cuda is for --runner local: containers get no GPU here")
    if job.train.gpus > 1 or job.train.nodes > 1:
        raise BadInputError("--gpus and --nodes are for --runner local; leave them out")
    if job.push and not os.environ.get("HF_TOKEN"):
        raise BadInputError("--push-to: no container sees the token's file; set HF_TOKEN")
    if given.reference_authors:
        raise BadInputError("--reference-authors is for --runner local; judge with it afterwards")


def job_given(given: argparse.Namespace) -> PersonaJob:
    """What the flags and the environment ask for.

    Raises:
        BadInputError: something of it cannot be.
    """
    if given.name:
        check_persona(given.name)
    flags = {**vars(given), "registry": _registry(given)}

    def read(kind: type[Config]) -> Config:
        return read_config(kind, flags, os.environ)

    return PersonaJob(
        sources=sources_given(given, os.environ, _registry(given)),
        fetch=read(FetchConfig),
        prepare=read(PrepareConfig),
        train=read(TrainConfig),
        evaluate=read(EvaluateConfig),
        publish=read(PublishConfig),
        name=given.name,
        until=vars(given).get("until", "publish"),
        since=vars(given).get("since", ()),
        reference_authors=given.reference_authors,
        no_gate=given.no_gate,
        registry=vars(given).get("registry"),
    )


def _registry(given: argparse.Namespace) -> str:
    """Where the command publishes: to its `--registry`, where it has that flag."""
    return vars(given).get("registry") or str(given.out.absolute() / REGISTRY)
