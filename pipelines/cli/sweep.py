"""`huggingtweets sweep`: trainings that differ in what was chosen, and the best one published."""

import argparse
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.contracts.errors import BadInputError
from components.contracts.sweep import SweepReport
from components.fetch.found import place_of
from components.registry import Registry
from components.runtime.flags import a_name
from components.runtime.patience import waiting_for_stores
from components.text.terminal import printable
from components.tracking.sweeps import sweep_id
from pipelines.arguments import check_gpus, stage_arguments
from pipelines.cli.run import add_job_flags, job_given
from pipelines.kubeflow.source_upload import uploaded
from pipelines.kubeflow.submitted import add_kubeflow_flags, root_given, store_uri, submitted
from pipelines.local.checks import check_out
from pipelines.steps import StepRunner, alone_in, make_out
from pipelines.sweep.order import add_spec_flag, sweep_of
from pipelines.sweep.sweeping import Sweep, document_of, shown_parameters, sweep_locally

MOST_TASKS = 25
"""Trials on Kubeflow, which loses track of hundreds of tasks."""


def add_sweep_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sweep` to the command line: a run, with what to try."""
    about = "try several trainings, and publish the best one"
    parser = commands.add_parser("sweep", help=about, description=about)
    add_spec_flag(parser)
    add_job_flags(parser, out_required=False)
    add_kubeflow_flags(parser)
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help="where to publish (default: OUT/registry, with --kubeflow PIPELINE_ROOT/registry)",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run_sweep)


def run_sweep(given: argparse.Namespace) -> int:
    """Do the trials in turn; those of an earlier call into the same folder are reused."""
    if given.out is None:
        if not given.kubeflow:
            raise BadInputError("--out: say where everything goes")
        given.out = Path("out")
    job = job_given(given)
    sweep = sweep_of(given, job)
    if given.kubeflow:
        return _submit(sweep, given)
    check_out(given.out, job.sources)
    os.environ.setdefault("WANDB_RUN_GROUP", f"sweep-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    steps = StepRunner(make_out(given.out), resume=True)
    with alone_in(steps.out), waiting_for_stores(os.environ):
        Registry.open(job.registry_in(steps.out)).begin()
        report = sweep_locally(sweep, steps)
    if given.json:
        print(report.to_json(), end="")
    else:
        _print(report)
    return 0


def _submit(sweep: Sweep, given: argparse.Namespace) -> int:
    """Start the pipeline: the trials beside one another."""
    from pipelines.sweep.pipeline import sweep_pipeline  # kfp takes a second to import

    root, job = root_given(given), sweep.job
    if len(sweep.trials) > MOST_TASKS:
        raise BadInputError(
            f"the sweep has {len(sweep.trials)} trials, and Kubeflow keeps track of {MOST_TASKS} "
            f"tasks beside one another: give a run_cap of at most {MOST_TASKS}"
        )
    for trial in sweep.trials:
        if place_of(trial.fetch.base_model) == "folder":
            base = trial.fetch.base_model
            raise BadInputError(f"base_model: no pod sees {base}; give a Hub id, gs:// or s3://")
    stages = stage_arguments(job.prepare, job.train, job.evaluate, job.publish)
    if options := stages.pop("publish_options"):
        flags = ", ".join(f"--{name}" for name in sorted(options))
        raise BadInputError(f"{flags}: the pipeline of a sweep publishes without; leave it out")
    options = {**stages.pop("evaluate_options"), **({"no_gate": True} if job.no_gate else {})}
    checkpoints = stages.pop("checkpoint_uri", f"{root}/checkpoints")
    train_options = stages.pop("train_options")
    gpus = job.train.gpus if "gpus" in job.train.model_fields_set else 0
    check_gpus(job.train, gpus)
    arguments = {
        **stages,
        "sources": [uploaded(source, root).flags() for source in job.sources],
        "registry": store_uri("--registry", given.registry or f"{root}/registry"),
        "results": f"{root}/sweeps",
        "name": job.name or "",
        "checkpoint_uri": store_uri("--checkpoint-uri", checkpoints),
        "finish_options": options,
    }
    name = sweep_id(document_of(sweep.spec), sweep.identity, os.environ)
    pipeline = partial(
        sweep_pipeline,
        trials=[trial.parameters for trial in sweep.trials],
        base_model=job.fetch.base_model,
        train_options=train_options,
        sweep=name,
        one_source=len(job.sources) == 1,
    )
    title = f"sweep of {len(sweep.trials)} trials"
    places = {"gpus": gpus, "node_count": job.train.nodes}
    print(submitted(given, "sweep", title, pipeline, arguments, **places))
    return 0


def _print(report: SweepReport) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("trial", "bits per byte", "seconds", "parameters"):
        table.add_column(name, overflow="fold")
    for trial in report.trials:
        figure = trial.validation_bits_per_byte
        said = trial.problem or shown_parameters(trial.parameters)
        table.add_row(
            f"{trial.number}",
            "failed" if figure is None else f"{figure:.4f}",
            f"{trial.seconds:.1f}",
            Text(printable(said)),
            style="bold" if trial.number == report.best else "",
        )
    console.print(table)
    console.print(
        Text(
            f"trial {report.best} is the best on {report.validation_posts} validation posts; on "
            f"the newest posts it needs {report.test_bits_per_byte:.4f} bits per byte, and it is "
            f"{report.persona}@{report.version}, in production"
        ),
        soft_wrap=True,
    )
