"""`huggingtweets refresh`: a persona brought up to date, if its new posts make it better."""

import argparse
import os

from rich.console import Console
from rich.text import Text

from components.collect.config import SOURCES
from components.contracts.errors import BadInputError
from components.contracts.refresh import RefreshReport
from components.fetch.found import place_of
from components.runtime.patience import waiting_for_stores
from components.text.terminal import printable
from pipelines.cli.fleet import add_registry_flag, registry_given
from pipelines.cli.source_flags import add_account_flags, add_source_flags
from pipelines.kubeflow.source_upload import uploaded
from pipelines.kubeflow.submitted import add_kubeflow_flags, root_given, store_uri, submitted
from pipelines.refresh.order import add_refresh_flags, flags_said, out_of, refresh_of
from pipelines.refresh.refreshing import Refresh, refresh, wandb_group
from pipelines.refresh.state import fetch_state, keep_state
from pipelines.steps import StepRunner, alone_in, make_out


def add_refresh_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `refresh` to the command line."""
    about = "bring a persona up to date, if its new posts make it better"
    parser = commands.add_parser("refresh", help=about, description=about)
    add_registry_flag(parser)
    add_refresh_flags(parser)
    add_source_flags(parser, consent_required=False)
    add_account_flags(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_kubeflow_flags(parser, recurring=True)
    parser.set_defaults(run=run_refresh)


def run_refresh(given: argparse.Namespace) -> int:
    """Refresh the persona; 0 whether it was promoted or there was no reason to."""
    registry = registry_given(given)
    if given.kubeflow or given.cron:
        return _submit(refresh_of(given, registry), given)
    with waiting_for_stores(os.environ):
        report = do_refresh(refresh_of(given, registry), given)
    if given.json:
        print(report.to_json(), end="")
    else:
        _print(report)
    return 0


def _submit(order: Refresh, given: argparse.Namespace) -> int:
    """Start the pipeline, or have it run at the times of `--cron`."""
    from pipelines.refresh.pipeline import refresh_pipeline  # kfp takes a second to import

    root = root_given(given)
    assert order.job.registry is not None
    registry = store_uri("--registry", order.job.registry)
    base = order.job.fetch.base_model
    if place_of(base) == "folder":
        raise BadInputError(f"--base-model: no pod sees {base}; give a Hub id, gs:// or s3://")
    state = given.state or f"{root}/refresh/{order.persona}"
    sources = order.job.sources if _named(given) else []
    arguments = {
        "persona": order.persona,
        "registry": registry,
        "state": store_uri("--state", state),
        "sources": [uploaded(one, root).flags() for one in sources],
        "options": {**flags_said(given), "min_new": order.asked_new},
    }
    print(submitted(given, "refresh", f"refresh {order.persona}", refresh_pipeline, arguments))
    return 0


def _named(given: argparse.Namespace) -> bool:
    """Whether the flags name sources; else each run asks the newest version then."""
    return bool(given.sources) or any(getattr(given, kind.flag) for kind in SOURCES)


def do_refresh(order: Refresh, given: argparse.Namespace) -> RefreshReport:
    """Refresh in the folder that the flags name, with the posts that were kept elsewhere."""
    wandb_group(order.persona)
    out = make_out(out_of(given))
    with alone_in(out):
        if given.state:
            fetch_state(given.state, out)
        report = refresh(order, StepRunner(out, resume=True))
        if given.state:
            keep_state(given.state, out)
    return report


def _print(report: RefreshReport) -> None:
    console = Console(highlight=False)
    for one in report.new_posts:
        console.print(Text(f"@{one.author}: {one.posts} new posts"), soft_wrap=True)
    for condition in report.conditions:
        console.print(Text(f"  {condition.mark} {condition.sentence}"), soft_wrap=True)
    console.print(Text(printable(report.sentence), style="bold"), soft_wrap=True)
